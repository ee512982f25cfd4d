import { type Backoff, backoffMs } from "../core/backoff.ts";
import type { Clock, Prober, ProbeTarget } from "../ports.ts";
import { type Connection, openTcp, openTls } from "./connection.ts";

/** Quick at first, since most containers listen within milliseconds; a connection costs 0.1 ms. */
const RETRY: Backoff = { firstMs: 2, mostMs: 100 };
/** Tries after which a container is asked more calmly, and how calmly, in milliseconds. */
const PATIENT_AFTER = 200;
const PATIENT_MS = 1_000;
/** The first tries are quick for everyone; after them, each container that waits adds this to the delay of all, in milliseconds. */
const QUICK_TRIES = 6;
const TURN_MS = 5;
/** How long a try may take, in milliseconds. */
const CONNECT_LIMIT_MS = 1_000;
const ANSWER_LIMIT_MS = 5_000;
/** The engine's proxy closes within a few milliseconds when nothing listens behind it; one that stays is real. */
const STAYS_OPEN_MS = 100;
/** Tries that fail before it is said why the container waits. */
const SILENT_TRIES = 20;

type Verdict = { readonly isReady: true } | {
  readonly isReady: false;
  readonly why: string;
  readonly isSure: boolean;
};

const READY: Verdict = { isReady: true };

/** Proves readiness over the network: a connection, one that stays open, or an HTTP answer. */
export class NetworkProber implements Prober {
  #waiting = 0;

  constructor(readonly clock: Clock) {}

  async prove(target: ProbeTarget, onWait: (why: string) => void, signal: AbortSignal): Promise<void> {
    this.#waiting++;
    await this.#prove(target, onWait, signal).finally(() => this.#waiting--);
  }

  async #prove(target: ProbeTarget, onWait: (why: string) => void, signal: AbortSignal): Promise<void> {
    for (let tries = 1; !signal.aborted; tries++) {
      const verdict = await probe(target, this.clock, signal);
      if (verdict.isReady) return;
      if (tries === SILENT_TRIES) onWait(verdict.why);
      const delay = tries > PATIENT_AFTER ? PATIENT_MS : backoffMs(tries, RETRY, Math.random());
      // Many that wait are asked in turn: what all of them cost together stays the same.
      const turn = Math.min(PATIENT_MS, this.#waiting * TURN_MS);
      await this.clock.sleep(tries > QUICK_TRIES ? Math.max(delay, turn) : delay, signal);
    }
    signal.throwIfAborted();
  }
}

async function probe(target: ProbeTarget, clock: Clock, signal: AbortSignal): Promise<Verdict> {
  if (target.warmHost !== undefined) return await attempt(target, "answer", target, clock, signal);
  if (target.via === "container") return await attempt(target, "connect", target, clock, signal);
  if (target.own !== undefined) {
    const own = await attempt(target.own, "connect", target, clock, signal);
    // Refused at its own address is sure; out of reach from here is not, and the published port has to tell.
    if (own.isReady || own.isSure) return own;
  }
  return await attempt(target, "stays-open", target, clock, signal);
}

type Goal = "connect" | "stays-open" | "answer";

async function attempt(
  at: { readonly hostname: string; readonly port: number },
  goal: Goal,
  target: ProbeTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<Verdict> {
  const refuse = (why: string, isSure: boolean): Verdict => ({
    isReady: false,
    why: `${at.hostname}:${at.port} ${why}`,
    isSure,
  });
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, goal === "answer" ? ANSWER_LIMIT_MS : CONNECT_LIMIT_MS);
  signal.addEventListener("abort", end, { once: true });
  let connection: Connection | undefined;
  try {
    if (goal === "connect") {
      const made = await Deno.connect({ ...at, signal: limit.signal });
      // It has proved what it was made for; closing it can wait, and the container cannot.
      clock.after(0, () => made.close());
      return READY;
    }
    connection = goal === "answer" && target.isTls
      ? await openTls(at, target.warmHost ?? "", limit.signal)
      : await openTcp(at, limit.signal);
    if (goal === "stays-open") {
      const stayed = clock.sleep(STAYS_OPEN_MS, limit.signal).then(() => "stayed");
      return await Promise.race([connection.read(), stayed]) === undefined
        ? refuse("closes connections at once", false)
        : READY;
    }
    await connection.write(
      `GET / HTTP/1.1\r\nHost: ${target.warmHost}\r\nUser-Agent: signalbox\r\nConnection: close\r\n\r\n`,
    );
    const answer = await connection.read();
    if (answer === undefined) return refuse("closes connections at once", false);
    return new TextDecoder().decode(answer.subarray(0, 7)).startsWith("HTTP/1.")
      ? READY
      : refuse("does not speak HTTP", true);
  } catch (error) {
    if (signal.aborted) return refuse("is no longer asked", false);
    if (limit.signal.aborted) return refuse("does not answer", false);
    const { code, message } = error as Error & { code?: string };
    return code === "ECONNREFUSED"
      ? refuse("refuses connections", true)
      : refuse(`fails (${message})`, false);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    connection?.close();
    // What still waits or reads ends with it.
    if (goal !== "connect") limit.abort();
  }
}
