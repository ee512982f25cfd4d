import { serviceMessage, serviceStatus } from "../core/status/service_words.ts";
import type { LoopState } from "../core/status/status.ts";
import type { Clock } from "../ports.ts";

/** What a service manager gave us (sd_notify(3), sd_watchdog_enabled(3)). */
export type Given = {
  /** The socket of NOTIFY_SOCKET: a path, or an abstract name after `@`. */
  readonly socket: string;
  /** How long we may be silent, in milliseconds; `undefined` without a watchdog. */
  readonly watchdogMs: number | undefined;
  /** Whom it watches; `undefined` for whoever has the variable. */
  readonly watchedPid: number | undefined;
};

/** What ServiceManager is made of. */
export type ServiceParts = {
  readonly given: Given;
  /** A folder in which no other user makes a socket. */
  readonly folder: string;
  readonly clock: Clock;
  /** Hears why a message cannot be sent, once. */
  readonly onFailure: (error: unknown) => void;
};

type Variables = Readonly<Record<string, string | number>>;

/** How long a message may take, in milliseconds. */
const LIMIT_MS = 2_000;
/** The status is told so often at most, in milliseconds. */
const STATUS_MS = 1_000;
/** A loop without a pass for so long is stuck: it audits HAProxy each minute at least, and each wait has a limit. */
const STUCK_MS = 300_000;

/** Tells systemd, or who else started us, how we are: ready, reloading, stopping, alive. */
export class ServiceManager {
  #state: "starting" | "ready" | "reloading" = "starting";
  #status = "";
  #isWatched: boolean;
  #passedAt: number;
  #sending: Promise<void> = Promise.resolve();
  #cancelStatus: (() => void) | undefined;
  #cancelWatch = () => {};
  #hasFailed = false;

  constructor(readonly parts: ServiceParts) {
    const { given: { watchedPid }, clock } = parts;
    this.#isWatched = watchedPid === undefined || watchedPid === Deno.pid;
    this.#passedAt = clock.now();
    this.#watch();
  }

  /** We take the place of the signalbox with this pid, which was watched where it was ours to be. */
  async takePlace(pid: number): Promise<void> {
    this.#isWatched ||= this.parts.given.watchedPid === pid;
    await this.#send({ MAINPID: Deno.pid });
  }

  /** Settings and containers are read again, until a pass that has done so. */
  reload(): void {
    if (this.#state === "starting") return;
    this.#state = "reloading";
    void this.#send({
      RELOADING: 1,
      MONOTONIC_USEC: monotonicMicroseconds(),
      STATUS: "reading everything again",
    });
  }

  /** A pass has ended; `isWhole` where it has read everything again, `isServing` tells whether HAProxy has a config. */
  async passed(state: LoopState, isWhole: boolean, isServing: () => Promise<boolean>): Promise<void> {
    this.#passedAt = this.parts.clock.now();
    const status = serviceStatus(state);
    const isReady = this.#state === "starting" ? await isServing() : this.#state === "reloading" && isWhole;
    if (isReady && this.#state !== "ready") {
      this.#state = "ready";
      this.#status = status;
      // After a takeover within a service we are its main process.
      return void this.#send({ READY: 1, MAINPID: Deno.pid, STATUS: status });
    }
    if (status === this.#status) return;
    this.#status = status;
    this.#cancelStatus ??= this.parts.clock.after(STATUS_MS, () => {
      this.#cancelStatus = undefined;
      void this.#send({ STATUS: this.#status });
    });
  }

  /** We end: HAProxy with us, unless another signalbox takes it over. Resolves when that was told. */
  async leave(isHandedOver: boolean): Promise<void> {
    this.#cancelWatch();
    this.#cancelStatus?.();
    // For systemd the service goes on where the other one belongs to it.
    await this.#send(
      isHandedOver
        ? { STATUS: "another signalbox takes over" }
        : { STOPPING: 1, STATUS: "HAProxy finishes requests under way" },
    );
  }

  /** Tells that we live twice in the time that we have, unless the loop is stuck. */
  #watch(): void {
    const { given: { watchdogMs }, clock } = this.parts;
    if (watchdogMs === undefined) return;
    this.#cancelWatch = clock.after(watchdogMs / 2, () => {
      const isAlive = clock.now() - this.#passedAt < STUCK_MS;
      if (this.#isWatched && isAlive) void this.#send({ WATCHDOG: 1 });
      this.#watch();
    });
  }

  /** Sends one message after the other. */
  #send(variables: Variables): Promise<void> {
    return this.#sending = this.#sending.then(() => this.#sendNow(variables)).then(
      () => void (this.#hasFailed = false),
      (error) => {
        if (!this.#hasFailed) this.parts.onFailure(error);
        this.#hasFailed = true;
      },
    );
  }

  async #sendNow(variables: Variables): Promise<void> {
    const { given: { socket }, folder, clock } = this.parts;
    const done = new AbortController();
    const sent = socket.startsWith("@") ? ask(socket, variables) : write(socket, variables, folder);
    const late = clock.sleep(LIMIT_MS, done.signal).then(() => {
      if (!done.signal.aborted) throw new Error(`${socket} takes no message`);
    });
    await Promise.race([sent, late]).finally(() => done.abort());
  }
}

async function write(socket: string, variables: Variables, folder: string): Promise<void> {
  // Deno sends from sockets with a name alone.
  const own = `${folder}/notify.${Deno.pid}`;
  const from = Deno.listenDatagram({ transport: "unixpacket", path: own });
  Deno.removeSync(own);
  try {
    await from.send(new TextEncoder().encode(serviceMessage(variables)), {
      transport: "unixpacket",
      path: socket,
    });
  } finally {
    from.close();
  }
}

/** Deno knows no abstract names; systemd's own program does. */
async function ask(socket: string, variables: Variables): Promise<void> {
  const { success, stderr } = await new Deno.Command("systemd-notify", {
    args: serviceMessage(variables).split("\n"),
    env: { NOTIFY_SOCKET: socket },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/**
 * CLOCK_MONOTONIC in microseconds, as near as Deno tells it: seconds since the boot, rounded up. systemd takes a reload for
 * one that it has asked for if it begins later than that.
 */
const monotonicMicroseconds = (): number => Deno.osUptime() * 1_000_000;
