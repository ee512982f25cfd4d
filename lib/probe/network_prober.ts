import { type Clock, type Prober, type ProbeTarget, READY_LIMIT_MS } from "../ports.ts";
import { type Connection, openTcp, openTls } from "./connection.ts";

/**
 * A container is asked again after this part of the time that it has been asked for, so that it is found that much late
 * at most: most listen within milliseconds, and some take a minute. A try costs 0.3 ms.
 */
const PART = 1 / 8;
const SHORTEST_MS = 1;
const LONGEST_MS = 100;
/** After so long, in milliseconds, a container is asked more calmly, and how calmly. */
const PATIENT_AFTER_MS = 20_000;
const PATIENT_MS = 1_000;
/** How often one is asked for an HTTP answer that has not warmed up within the limit, in milliseconds. */
const GIVEN_UP_MS = 10_000;
/** Each other container that waits adds this to the delay of all, in milliseconds: less for the first tries. */
const QUICK_TRIES = 6;
const QUICK_TURN_MS = 1;
const TURN_MS = 5;
/** How long a try may take, in milliseconds. */
const CONNECT_LIMIT_MS = 1_000;
const ANSWER_LIMIT_MS = 5_000;
/** The engine's proxy closes within a few milliseconds when nothing listens behind it; one that stays is real. */
const STAYS_OPEN_MS = 100;

type Verdict = { readonly isReady: true } | {
  readonly isReady: false;
  readonly why: string;
  readonly isSure: boolean;
};

type OnFailure = Parameters<Prober["prove"]>[1];

const READY: Verdict = { isReady: true };

/** Proves readiness over the network: a connection, one that stays open, or an HTTP answer. */
export class NetworkProber implements Prober {
  /** Those that are asked often. */
  #waiting = 0;

  constructor(readonly clock: Clock) {}

  async prove(target: ProbeTarget, onFailure: OnFailure, signal: AbortSignal): Promise<void> {
    let isCounted = true;
    const uncount = () => {
      if (isCounted) this.#waiting--;
      isCounted = false;
    };
    this.#waiting++;
    await this.#prove(target, onFailure, uncount, signal).finally(uncount);
  }

  async #prove(
    target: ProbeTarget,
    onFailure: OnFailure,
    uncount: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const startedAt = this.clock.now();
    for (let tries = 1; !signal.aborted; tries++) {
      const verdict = await probe(target, this.clock, signal);
      if (verdict.isReady) return;
      if (signal.aborted) break;
      const elapsedMs = this.clock.now() - startedAt;
      onFailure(verdict.why, elapsedMs);
      // One that does not come up holds up no other that has just begun.
      if (elapsedMs > PATIENT_AFTER_MS) uncount();
      const delayMs = delayAfter(elapsedMs, target);
      // Many that wait are asked in turn: what all of them cost together stays the same.
      const turnMs = Math.max(0, this.#waiting - 1) * (tries > QUICK_TRIES ? TURN_MS : QUICK_TURN_MS);
      await this.clock.sleep(Math.max(delayMs, Math.min(PATIENT_MS, turnMs)), signal);
    }
    signal.throwIfAborted();
  }
}

/** How long to wait before the next try. */
function delayAfter(elapsedMs: number, { warmHost }: ProbeTarget): number {
  if (elapsedMs <= PATIENT_AFTER_MS) return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, elapsedMs * PART));
  return elapsedMs >= READY_LIMIT_MS && warmHost !== undefined ? GIVEN_UP_MS : PATIENT_MS;
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
