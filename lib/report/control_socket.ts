import { systemClock, TimeLimit } from "../clock.ts";
import type { KeptEvent } from "../core/status/history.ts";
import type { Status } from "../core/status/status.ts";
import type { Clock } from "../ports.ts";
import { DESCRIPTOR_SHARES } from "../core/policy/descriptor_shares.ts";
import { streamLive } from "./live_stream.ts";
import type { LiveView } from "./live_view.ts";
import { SmallServer } from "./small_server.ts";
import { SteadyServer } from "./steady_server.ts";

/** The requests that a running signalbox answers. */
export type ControlHandlers = {
  readonly status: () => Promise<Status>;
  /** The events that are kept, in memory and in the file of events. */
  readonly events: () => Promise<readonly KeptEvent[]>;
  /** What `explain` prints, by the query of its request. */
  readonly explain: (query: string) => Promise<{ readonly text?: string }>;
  /** What `top` shows as it happens. */
  readonly live: LiveView;
  /** The given settings that routes depend on, as environment variables; no secret is among them. */
  readonly settings: () => Readonly<Record<string, string>>;
  /** Ends this signalbox, and hands HAProxy over to the one that asks. */
  readonly handOver: () => void;
  /** Called when the socket cannot be served for a while. */
  readonly onFailure: (error: unknown) => void;
  readonly clock: Clock;
};

/** The control socket of a state directory. */
export const controlPath = (stateDir: string): string => `${stateDir}/control.sock`;

/** Serves the control socket, for the owner of the state directory alone (mode 0600); ends with the answer's `close`. */
export function serveControl(
  stateDir: string,
  handlers: ControlHandlers,
): { readonly close: () => Promise<void> } {
  const path = controlPath(stateDir);
  const server = new SteadyServer({ ...handlers, open: () => openSocket(path, handlers) });
  return {
    close: async () => {
      // The socket goes first: the end waits for the last answers, and another signalbox makes its own socket meanwhile.
      unlessMissing(() => Deno.removeSync(path));
      await server.close();
    },
  };
}

function openSocket(path: string, handlers: ControlHandlers): SmallServer {
  unlessMissing(() => Deno.removeSync(path));
  const answer = async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    if (request.method === "GET" && pathname === "/status") return Response.json(await handlers.status());
    if (request.method === "GET" && pathname === "/events") return Response.json(await handlers.events());
    if (request.method === "GET" && pathname === "/explain") {
      return Response.json(await handlers.explain(search.slice(1)));
    }
    if (request.method === "GET" && pathname === "/live") return streamLive(request, handlers.live);
    if (request.method === "GET" && pathname === "/settings") return Response.json(handlers.settings());
    if (request.method === "POST" && pathname === "/hand-over") {
      // The answer goes out before the socket is removed.
      handlers.clock.after(10, handlers.handOver);
      return Response.json({ pid: Deno.pid });
    }
    return new Response("not found\n", { status: 404 });
  };
  const server = new SmallServer({
    listen: () => Deno.listen({ transport: "unix", path }),
    most: DESCRIPTOR_SHARES.control,
    clock: handlers.clock,
    answer,
    onError: (error) => new Response(String(error), { status: 500 }),
  });
  // It is gone where another signalbox begins in this moment, which then asks this one to leave.
  unlessMissing(() => Deno.chmodSync(path, 0o600));
  return server;
}

function unlessMissing(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** How long a running signalbox may take to answer, in milliseconds: longer than it waits for HAProxy. */
const DEADLINE_MS = 10_000;

/** Something took our connection at a control socket and was silent: the message says what to do. */
export class SilentSignalboxError extends Error {
  override readonly name = "SilentSignalboxError";
  constructor(stateDir: string) {
    super(
      `the signalbox at ${controlPath(stateDir)} takes connections, but did not answer within ${
        DEADLINE_MS / 1_000
      } s: ` +
        "it hangs or was suspended (SIGSTOP); look at its log and restart it, such as by systemctl restart signalbox; " +
        "HAProxy serves on with what it has",
    );
  }
}

/** The body of a good answer from an HTTP server on a unix socket; throws where there is none. */
export async function fetchText(socket: string, path: string, clock: Clock = systemClock): Promise<string> {
  using limit = new TimeLimit(clock, DEADLINE_MS);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  try {
    const response = await fetch(`http://127.0.0.1${path}`, {
      client,
      signal: limit.signal,
    });
    if (!response.ok) throw new Error(`${socket} answers ${response.status} to ${path}`);
    return await response.text();
  } finally {
    client.close();
  }
}

/** Asks the signalbox of a state directory; `undefined` when none is there or it refuses. Throws SilentSignalboxError. */
export async function askControl(
  stateDir: string,
  method: "GET" | "POST",
  path: string,
  clock: Clock = systemClock,
): Promise<unknown> {
  using limit = new TimeLimit(clock, DEADLINE_MS);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: controlPath(stateDir) } });
  try {
    const response = await fetch(`http://127.0.0.1${path}`, {
      method,
      client,
      signal: limit.signal,
    });
    return response.ok ? await response.json() : undefined;
  } catch {
    if (limit.signal.aborted) throw new SilentSignalboxError(stateDir);
    return undefined;
  } finally {
    client.close();
  }
}
