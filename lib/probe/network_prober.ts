import { type Clock, type HttpQuestion, type Prober, type ProbeTarget, READY_LIMIT_MS } from "../ports.ts";
import { Turns } from "../core/turns.ts";
import { type Connection, openTcp, openTls } from "./connection.ts";
import { findCoincidence } from "./own_networks.ts";
import { SHARES } from "./shares.ts";

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
/** Each other container that waits adds this to the delay of all, in milliseconds: less for the first tries. */
const QUICK_TRIES = 6;
const QUICK_TURN_MS = 1;
const TURN_MS = 5;
/** How long a try may take, with all that it asks, and how long a connection may take to come, in milliseconds. */
const TRY_LIMIT_MS = 5_000;
const CONNECT_LIMIT_MS = 1_000;
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
  /** Those that are asked, by when that began. */
  readonly #asked = new Set<{ readonly since: number }>();

  readonly #turns: Turns;

  constructor(readonly clock: Clock) {
    this.#turns = new Turns({ ...SHARES, after: clock.after });
  }

  async prove(target: ProbeTarget, onFailure: OnFailure, signal: AbortSignal): Promise<void> {
    const own = { since: this.clock.now() };
    this.#asked.add(own);
    await this.#prove(target, onFailure, own.since, signal).finally(() => this.#asked.delete(own));
  }

  async #prove(
    target: ProbeTarget,
    onFailure: OnFailure,
    startedAt: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (let tries = 1; !signal.aborted; tries++) {
      const claim = { of: target.container, isFirst: tries === 1 };
      const verdict = await this.#turns.take(
        claim,
        (hurry) => oneTry(target, { clock: this.clock, signal, hurry }),
      );
      if (verdict.isReady) return;
      if (signal.aborted) break;
      const elapsedMs = this.clock.now() - startedAt;
      onFailure(verdict.why, elapsedMs);
      const delayMs = delayAfter(elapsedMs, target);
      // Many that wait are asked in turn: what all of them cost together stays the same.
      const turnMs = this.#countPeers(startedAt) * (tries > QUICK_TRIES ? TURN_MS : QUICK_TURN_MS);
      await this.clock.sleep(Math.max(delayMs, Math.min(PATIENT_MS, turnMs)), signal);
    }
    signal.throwIfAborted();
  }

  /** How many others take turns with one that has been asked since then. */
  #countPeers(startedAt: number): number {
    let count = -1;
    for (const { since } of this.#asked) if (since > startedAt - PEER_MS) count++;
    return Math.max(0, count);
  }
}

/** Containers that began so long before another one, in milliseconds, do not hold it up: they come up late or never. */
const PEER_MS = 1_000;

/** How long to wait before the next try. */
function delayAfter(elapsedMs: number, { lateMs }: ProbeTarget): number {
  if (elapsedMs <= PATIENT_AFTER_MS) return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, elapsedMs * PART));
  return elapsedMs >= READY_LIMIT_MS ? Math.max(PATIENT_MS, lateMs) : PATIENT_MS;
}

/** What a try is done with: `signal` ends all of it, `hurry` this try, since another waits for its turn. */
type Means = { readonly clock: Clock; readonly signal: AbortSignal; readonly hurry: AbortSignal };

/** Asks once, for as long as one try may take. */
async function oneTry(target: ProbeTarget, means: Means): Promise<Verdict> {
  if (means.signal.aborted) return { isReady: false, why: "it is no longer asked", isSure: false };
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, TRY_LIMIT_MS);
  means.hurry.addEventListener("abort", end, { once: true });
  try {
    return await probe(target, { ...means, hurry: limit.signal });
  } finally {
    clearTimeout(timer);
  }
}

async function probe(target: ProbeTarget, means: Means): Promise<Verdict> {
  const network = target.elsewhere && findCoincidence(target.hostname, target.elsewhere);
  if (network) {
    const why =
      `${target.hostname} is on another machine, and leads to this one's ${network}: publish the port`;
    return { isReady: false, why, isSure: true };
  }
  if (target.questions.length > 0) {
    for (const question of target.questions) {
      const verdict = await attempt(target, question, target.tlsName, means);
      if (!verdict.isReady) return verdict;
    }
    return READY;
  }
  if (target.via === "container") return await attempt(target, "connect", undefined, means);
  if (target.own !== undefined) {
    const own = await attempt(target.own, "connect", undefined, means);
    // Refused at its own address is sure; out of reach from here is not, and the published port has to tell.
    if (own.isReady || own.isSure) return own;
  }
  return await attempt(target, "stays-open", undefined, means);
}

type Goal = "connect" | "stays-open" | HttpQuestion;

async function attempt(
  at: { readonly hostname: string; readonly port: number },
  goal: Goal,
  tlsName: string | undefined,
  { clock, signal, hurry }: Means,
): Promise<Verdict> {
  const refuse = (why: string, isSure: boolean): Verdict => ({
    isReady: false,
    why: `${at.hostname}:${at.port} ${why}`,
    isSure,
  });
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = typeof goal === "object" ? undefined : setTimeout(end, CONNECT_LIMIT_MS);
  signal.addEventListener("abort", end, { once: true });
  hurry.addEventListener("abort", end, { once: true });
  if (hurry.aborted) end();
  let connection: Connection | undefined;
  try {
    if (goal === "connect") {
      const made = await Deno.connect({ ...at, signal: limit.signal });
      // It has proved what it was made for; closing it can wait, and the container cannot.
      clock.after(0, () => made.close());
      return READY;
    }
    connection = typeof goal === "object" && tlsName !== undefined
      ? await openTls(at, tlsName, limit.signal)
      : await openTcp(at, limit.signal);
    if (goal === "stays-open") {
      const stayed = clock.sleep(STAYS_OPEN_MS, limit.signal).then(() => "stayed");
      return await Promise.race([connection.read(), stayed]) === undefined
        ? refuse("closes connections at once", false)
        : READY;
    }
    await connection.write(goal.request);
    const line = await readStatusLine(connection);
    if (line === "") return refuse("closes connections at once", false);
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1];
    if (status === undefined) return refuse("does not speak HTTP", true);
    return goal.isAnyRight || /^[23]/.test(status) ? READY : refuse(`answers ${status}`, true);
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
    hurry.removeEventListener("abort", end);
    connection?.close();
    // What still waits or reads ends with it.
    if (goal !== "connect") limit.abort();
  }
}

/** As many characters of an answer as tell its status: `HTTP/1.1 200`. */
const STATUS_LENGTH = 12;

async function readStatusLine(connection: Connection): Promise<string> {
  let text = "";
  while (text.length < STATUS_LENGTH) {
    const bytes = await connection.read();
    if (bytes === undefined) break;
    text += new TextDecoder().decode(bytes);
  }
  return text.slice(0, STATUS_LENGTH);
}
