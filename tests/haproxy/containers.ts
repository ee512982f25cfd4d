/** Listeners on the loopback in place of containers: each address answers with its own name, or holds its answer. */
import { type Certificate, certificate } from "./certificate.ts";
import { freePort } from "../harness/http.ts";

/** The containers of a test: those of HTTP on one port, others on what they expose. */
export class Containers {
  readonly port = freePort();
  readonly #servers = new Map<string, readonly Deno.HttpServer[]>();
  readonly #held = new Map<string, Set<() => void>>();
  readonly #busy = new Set<string>();
  readonly #waiting: (() => void)[] = [];

  /** The snapshot with its containers moved to the loopback, at our port. */
  move(snapshot: string): string {
    return snapshot.replaceAll('"80/tcp"', `"${this.port}/tcp"`).replaceAll('"172.17.', '"127.17.')
      .replaceAll('"HostPort":"80"', `"HostPort":"${this.port}"`).replaceAll('"fd00::2"', '"::1"')
      // The nodes of a Swarm: a process binds the address of its own.
      .replaceAll('"192.0.2.', '"127.192.2.');
  }

  /** Starts the containers that a moved snapshot names. */
  async start(moved: string): Promise<void> {
    const read = JSON.parse(moved);
    // A Swarm's snapshot has nodes and services beside them.
    for (const container of Array.isArray(read) ? read : read.containers) {
      const text = JSON.stringify(container);
      const tls = text.includes("ssl_backend") ? await certificate() : undefined;
      for (const address of addressesOf(text)) this.#listen(address, portsOf(text), tls);
    }
  }

  /** Ends the containers that a moved snapshot does not name, but those that hold requests back. */
  async endOthers(moved: string): Promise<void> {
    const named = new Set(addressesOf(moved));
    const others = [...this.#servers.keys()].filter((address) =>
      !named.has(address) && !this.#busy.has(address)
    );
    await Promise.all(others.map((address) => this.end(address)));
  }

  /** From now on the container at the address answers no request for /held, until it is released. */
  hold(address: string): void {
    this.#busy.add(address);
  }

  /** As `hold`, for all that run now. */
  holdAll(): void {
    for (const address of this.#servers.keys()) this.hold(address);
  }

  /** Resolves when a container next holds a request back. */
  nextHeld(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** How many requests the container at the address holds back. */
  held(address: string): number {
    return this.#held.get(address)?.size ?? 0;
  }

  /** Answers every request that was held back. */
  release(): void {
    this.#busy.clear();
    for (const answers of this.#held.values()) answers.forEach((answer) => answer());
  }

  /** Ends the container at the address: nobody listens there any more. */
  async end(address: string): Promise<void> {
    const servers = this.#servers.get(address) ?? [];
    this.#servers.delete(address);
    await Promise.all(servers.map((server) => server.shutdown()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await Promise.all([...this.#servers.keys()].map((address) => this.end(address)));
  }

  #listen(address: string, ports: readonly number[], tls: Certificate | undefined): void {
    if (this.#servers.has(address)) return;
    const secrets = tls === undefined ? {} : { cert: tls.cert, key: tls.key };
    const answer = (request: Request) => this.#answer(address, request);
    this.#servers.set(
      address,
      [...new Set([this.port, ...ports])].map((port) =>
        Deno.serve({ hostname: address, port, onListen: () => undefined, ...secrets }, answer)
      ),
    );
  }

  async #answer(address: string, request: Request): Promise<Response> {
    if (this.#busy.has(address) && new URL(request.url).pathname === "/held") {
      const { promise, resolve } = Promise.withResolvers<void>();
      const answers = this.#held.get(address) ?? new Set();
      this.#held.set(address, answers.add(resolve));
      this.#waiting.splice(0).forEach((tell) => tell());
      await promise;
      answers.delete(resolve);
    }
    return new Response(address);
  }
}

const addressesOf = (moved: string): string[] =>
  [...moved.matchAll(/"(127\.17\.[0-9.]+|::1)"/g)].map(([, address = ""]) => address);

const portsOf = (moved: string): number[] =>
  [...moved.matchAll(/"(\d+)\/tcp"/g)].map(([, port = ""]) => Number(port));
