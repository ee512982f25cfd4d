/** Containers of the benchmark, made and moved over Docker's API itself: its command line alone takes 30 ms. */
import { askOnce, now } from "./raw_http.ts";
import { ensureImage, TINY, WITNESS } from "../harness/images/build.ts";
import { eventually } from "../harness/eventually.ts";

/** `tiny` is busybox's httpd, which starts in milliseconds; `witness` keeps connections and stops gracefully. */
export type Kind = "tiny" | "witness";

/** What a container is to be. */
export interface MemberRequest {
  readonly host: string;
  readonly kind?: Kind;
  readonly isPublished?: boolean;
  /** How long it waits before it listens. */
  readonly lateMs?: number;
  /** INTERLOCK_DATA. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** A folder of this machine in which the container notes each POST as it gets it. */
  readonly notes?: string;
}

/** A container of the benchmark; its body is its name: its host, `#`, a number, `;`. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly address: string;
  readonly kind: Kind;
}

const PORT = 8080;

/** Notes each POST before it is answered, and stops listening before it ends. */
const TINY_SCRIPT = `
mkdir -p /www/cgi-bin
printf '%s' "$NAME" >/www/index.html
cat >/www/cgi-bin/post <<'CGI'
#!/bin/sh
[ -z "$NOTES" ] || { echo "$QUERY_STRING" >>"$NOTES"; sleep 0.02; }
printf 'Content-Type: text/plain\\r\\n\\r\\n%s' "$NAME"
CGI
busybox chmod 755 /www/cgi-bin/post
trap 'kill $server; sleep 0.1; exit 0' TERM INT
[ "$LATE" = 0 ] || sleep "$LATE" & wait $!
httpd -f -p 8080 -h /www &
server=$!
wait $server
`;

/** All containers that a benchmark makes, in a network of its own. */
export class Fleet {
  readonly members = new Map<string, Member>();
  readonly #client: Deno.HttpClient;
  readonly #network = `bench-${crypto.randomUUID().slice(0, 8)}`;
  #count = 0;

  constructor(readonly socket: string) {
    this.#client = Deno.createHttpClient({
      proxy: { transport: "unix", path: socket },
      poolMaxIdlePerHost: 64,
    });
  }

  async open(): Promise<void> {
    await ensureImage(TINY);
    await ensureImage(WITNESS);
    const config = [{ Subnet: "10.213.0.0/16", Gateway: "10.213.0.1" }];
    await this.call("POST", "/networks/create", { Name: this.#network, IPAM: { Config: config } });
  }

  /** Calls the engine; throws what it complains of. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://docker/v1.41${path}`, {
      method,
      client: this.#client,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text.trim()}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async create(request: MemberRequest): Promise<Member> {
    const { host, kind = "tiny", lateMs = 0, notes } = request;
    const count = ++this.#count;
    // The end is marked too, so that no name is the beginning of another.
    const name = `${host}#${count};`;
    const address = `10.213.${1 + (count >> 8)}.${count & 255}`;
    const env = {
      NAME: name,
      LATE: String(lateMs / 1_000),
      LISTEN_AFTER_MS: String(lateMs),
      ...(notes === undefined ? {} : { NOTES: `/notes/${count}` }),
      ...(request.data === undefined
        ? {}
        : { INTERLOCK_DATA: JSON.stringify({ port: PORT, ...request.data }) }),
    };
    const { Id: id } = await this.call("POST", `/containers/create?name=bench-${count}`, {
      Image: kind === "tiny" ? TINY : WITNESS,
      ...(kind === "tiny" ? { Entrypoint: ["/bin/sh", "-c", TINY_SCRIPT] } : {}),
      Hostname: host,
      Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      Labels: {
        "signalbox-bench": this.#network,
        ...(kind === "witness" ? { "interlock.port": `${PORT}` } : {}),
      },
      ExposedPorts: { [`${PORT}/tcp`]: {} },
      HostConfig: {
        NetworkMode: this.#network,
        ...(request.isPublished ? { PortBindings: { [`${PORT}/tcp`]: [{ HostPort: "" }] } } : {}),
        ...(notes === undefined ? {} : { Binds: [`${notes}:/notes`] }),
      },
      NetworkingConfig: {
        EndpointsConfig: { [this.#network]: { IPAMConfig: { IPv4Address: address } } },
      },
    }) as { Id: string };
    const member = { id, name, host, address, kind };
    this.members.set(id, member);
    return member;
  }

  /** Starts a container; answers with the moment at which the engine said that it runs. */
  async start(member: Member): Promise<number> {
    await this.call("POST", `/containers/${member.id}/start`);
    return now();
  }

  /** Creates and starts a container, and waits until it answers at its own address. */
  async add(request: MemberRequest): Promise<Member> {
    const member = await this.create(request);
    await this.start(member);
    await this.answers(member);
    return member;
  }

  /** Waits until a container answers at its own address. */
  async answers(member: Member): Promise<void> {
    await eventually(
      async () => (await askOnce(member.address, PORT, member.host, "/", 500))?.status === 200,
      {
        what: `${member.name} to answer at ${member.address}`,
        limitMs: 20_000,
        everyMs: 5,
      },
    );
  }

  /** `stop`, `kill`, `pause`, `unpause`, `restart`. */
  async act(member: Member, action: string): Promise<void> {
    await this.call("POST", `/containers/${member.id}/${action}`);
  }

  /** As `docker rm -f` does. */
  async remove(member: Member): Promise<void> {
    this.members.delete(member.id);
    await this.call("DELETE", `/containers/${member.id}?force=true&v=true`);
  }

  /** Notes when events of these actions come, until it is told to end. */
  watch(actions: readonly string[]): { lastAt(): number; end(): void } {
    const controller = new AbortController();
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"], event: actions }));
    let lastAt = 0;
    void (async () => {
      const response = await fetch(`http://docker/v1.41/events?filters=${filters}`, {
        client: this.#client,
        signal: controller.signal,
      });
      for await (const _ of response.body ?? []) lastAt = now();
    })().catch(() => {});
    return { lastAt: () => lastAt, end: () => controller.abort() };
  }

  async removeAll(): Promise<void> {
    await Promise.all([...this.members.values()].map((member) => this.remove(member).catch(() => {})));
  }

  async close(): Promise<void> {
    await this.removeAll();
    await this.call("DELETE", `/networks/${this.#network}`).catch(() => {});
    this.#client.close();
  }
}
