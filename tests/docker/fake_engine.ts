/** A Docker engine on a unix socket that answers what a test tells it to, and remembers what it was asked. */
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/ports.ts";

const encoder = new TextEncoder();

/** What an engine is, beside the containers that a test gives it. */
export interface FakeOptions {
  readonly apiVersion?: string;
  readonly minApiVersion?: string;
  /** What it calls itself, if not by Docker's name. */
  readonly name?: string;
}

/** Listens until the block ends. */
export class FakeEngine implements AsyncDisposable {
  /** `GET /v1.41/containers/json`, in the order in which they came. */
  readonly requests: string[] = [];
  /** What the events that are followed are filtered by, as JSON, in the order in which they were asked for. */
  readonly eventFilters: string[] = [];
  /** The hosts that requests were addressed to. */
  readonly hosts = new Set<string>();
  /** The containers that run, as inspect tells them, by id. */
  readonly containers = new Map<string, Record<string, unknown>>();
  /** The events that it remembers, as JSON lines. */
  past = "";
  /** Answers in place of the engine's own, by the path without its version; `undefined` leaves it to the engine. */
  answer: (path: string) => Response | Promise<Response> | undefined = () => undefined;
  readonly #events = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.UnixAddr>;

  private constructor(readonly folder: string, readonly options: FakeOptions) {
    this.#server = Deno.serve(
      { path: this.path, onListen: () => {}, onError: () => new Response(null) },
      (request) => {
        const { pathname, hostname, searchParams } = new URL(request.url);
        this.hosts.add(hostname);
        // What an engine remembers ends at once; it is no stream that is followed.
        if (searchParams.has("until")) return new Response(this.past);
        this.requests.push(`${request.method} ${pathname}`);
        if (pathname.endsWith("/events")) this.eventFilters.push(searchParams.get("filters") ?? "");
        const path = pathname.replace(/^\/v[0-9.]+/, "");
        return this.answer(path) ?? this.#answer(path, searchParams.has("all"));
      },
    );
  }

  /** Starts one in a folder of its own. */
  static async start(options: FakeOptions = {}): Promise<FakeEngine> {
    return new FakeEngine(await Deno.makeTempDir({ prefix: "signalbox-engine-" }), options);
  }

  get path(): string {
    return `${this.folder}/docker.sock`;
  }

  get transport() {
    return { kind: "unix", path: this.path } as const;
  }

  /** How many follow the events. */
  get followers(): number {
    return this.#events.size;
  }

  /** Runs a container; its id is 64 digits that begin with the given ones. */
  run(digits: string, config: Record<string, unknown> = {}): string {
    const id = digits.padEnd(64, "0");
    this.containers.set(id, {
      Id: id,
      Name: `/c${digits}`,
      Created: "2024-05-01T10:00:00Z",
      State: { Status: "running", Running: true, StartedAt: "2024-05-01T10:00:01Z" },
      Config: {
        Hostname: `c${digits}.example.com`,
        Env: ["SECRET=x"],
        ExposedPorts: { "80/tcp": {} },
        ...config,
      },
      HostConfig: { NetworkMode: "bridge" },
      NetworkSettings: { Ports: {}, Networks: { bridge: { IPAddress: "172.17.0.2" } } },
    });
    return id;
  }

  /** Sends an event to all who follow. */
  tell(action: string, id: string, attributes: Record<string, string> = {}): void {
    this.send(
      `${JSON.stringify({ Type: "container", Action: action, Actor: { ID: id, Attributes: attributes } })}\n`,
    );
  }

  /** Sends any text into the event streams. */
  send(text: string): void {
    for (const stream of this.#events) stream.enqueue(encoder.encode(text));
  }

  /** Cuts the connection of every event stream, without the end that a whole answer has. */
  cut(): void {
    for (const stream of this.#events) stream.error(new Error("cut"));
    this.#events.clear();
  }

  /** Ends every event stream as an engine that shuts down does. */
  end(): void {
    for (const stream of this.#events) stream.close();
    this.#events.clear();
  }

  #answer(path: string, areStopped: boolean): Response {
    if (path === "/version") {
      const { apiVersion = "1.51", minApiVersion = "1.24" } = this.options;
      const Components = [{ Name: this.options.name ?? "Engine" }];
      return Response.json({
        Version: "28.0.0",
        ApiVersion: apiVersion,
        MinAPIVersion: minApiVersion,
        Components,
      });
    }
    if (path === "/_ping") return new Response("OK");
    if (path === "/events") return new Response(this.#follow());
    if (path === "/containers/json") {
      const listed = [...this.containers].filter(([, { State }]) => {
        const status = (State as { Status?: string } | undefined)?.Status;
        return areStopped === (status === "exited" || status === "created");
      });
      return Response.json(listed.map(([id, { Name }]) => ({
        Id: id,
        Names: [Name],
        State: "running",
        Status: "Up 2 seconds",
      })));
    }
    const id = /^\/containers\/([0-9a-f]+)\/json$/.exec(path)?.[1] ?? "";
    const found = this.containers.get(id);
    return found === undefined
      ? Response.json({ message: `No such container: ${id}` }, { status: 404 })
      : Response.json(found);
  }

  #follow(): ReadableStream<Uint8Array> {
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream({
      start: (controller) => {
        own = controller;
        this.#events.add(controller);
        // The head of an answer is sent with its first bytes; Docker's is sent at once.
        controller.enqueue(encoder.encode("\n"));
      },
      cancel: () => void this.#events.delete(own),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** An answer that begins and is cut off. */
export function cutAnswer(beginning: string): Response {
  let isSent = false;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (isSent) controller.error(new Error("cut"));
        else controller.enqueue(encoder.encode(beginning));
        isSent = true;
      },
    }),
  );
}

/** The time that an engine stamps its events with, in milliseconds. */
export const engineNow = (): number => systemClock.date().getTime();

/** What lasts longer than this, in milliseconds, is the limit of one answer. */
const LONGEST_WAIT_MS = 5_000;

/** A clock on which limits are twenty times as long: whoever is slow is in time. */
export const patientClock: Clock = {
  ...systemClock,
  after: (ms, callback) => systemClock.after(ms * 20, callback),
};

/** A clock on which every wait is over at once, and no limit of an answer is. */
export const impatientClock: Clock = {
  ...systemClock,
  after: (ms, callback) => systemClock.after(ms > LONGEST_WAIT_MS ? ms : 0, callback),
  sleep: () => systemClock.sleep(0),
};
