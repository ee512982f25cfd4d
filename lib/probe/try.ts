import { TimeLimit } from "../clock.ts";
import type { Clock, HttpQuestion, ProbeTarget } from "../ports.ts";
import { connect, type Connection, openTcp, openTls } from "./connection.ts";
import { findCoincidence } from "./own_networks.ts";

/** How long a try may take in all, and how long its connection may take, in milliseconds. */
const TRY_LIMIT_MS = 5_000;
const CONNECT_LIMIT_MS = 1_000;
/** The engine's proxy closes within a few milliseconds when nothing listens behind it; a connection that stays is real. */
const STAYS_OPEN_MS = 100;

/** EAFNOSUPPORT, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH (connect(2)): no way leads there. */
const AWAY = /\(os error (?:97|99|100|101|110|112|113)\)/;

/**
 * The result of a try. `isSure`: the container itself refused; `isAway`: its address cannot be reached from here.
 */
export type Verdict = { readonly isReady: true } | {
  readonly isReady: false;
  readonly why: string;
  readonly isSure: boolean;
  readonly isAway: boolean;
};

const READY: Verdict = { isReady: true };

/** What a try works with: `signal` ends the probe, `hurry` ends this try, because another waits for its turn. */
export type Means = { readonly clock: Clock; readonly signal: AbortSignal; readonly hurry: AbortSignal };

/** Does one try, up to its limit. */
export async function oneTry<T>(means: Means, act: (means: Means) => Promise<T>): Promise<T> {
  using limit = new TimeLimit(means.clock, TRY_LIMIT_MS);
  const end = () => limit.abort();
  means.hurry.addEventListener("abort", end, { once: true });
  try {
    return await act({ ...means, hurry: limit.signal });
  } finally {
    means.hurry.removeEventListener("abort", end);
  }
}

/**
 * Tries a container once: whether it takes a connection, keeps one open for so many milliseconds, or answers over HTTP.
 */
export async function askOnce(
  target: ProbeTarget,
  means: Means,
  staysOpenMs: number = STAYS_OPEN_MS,
): Promise<Verdict> {
  if (means.signal.aborted) {
    return { isReady: false, why: "it is no longer asked", isSure: false, isAway: false };
  }
  const network = target.elsewhere && findCoincidence(target.hostname, target.elsewhere);
  if (network) {
    const why =
      `${target.hostname} is on another machine, and leads to this one's ${network}: publish the port`;
    return { isReady: false, why, isSure: true, isAway: false };
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
    // A refusal at its own address is sure. Where that is out of reach, the published port has to tell.
    if (own.isReady || own.isSure) return own;
  }
  return await attempt(target, staysOpenMs, undefined, means);
}

/** Gets what proves the container: a connection, one that stays open for so many milliseconds, or an answer. */
type Goal = "connect" | number | HttpQuestion;

async function attempt(
  at: { readonly hostname: string; readonly port: number },
  goal: Goal,
  tlsName: string | undefined,
  { clock, signal, hurry }: Means,
): Promise<Verdict> {
  const refuse = (why: string, { isSure = false, isAway = false } = {}): Verdict => ({
    isReady: false,
    why: `${at.hostname}:${at.port} ${why}`,
    isSure,
    isAway,
  });
  using limit = new TimeLimit(clock, CONNECT_LIMIT_MS);
  const end = () => limit.abort();
  signal.addEventListener("abort", end, { once: true });
  hurry.addEventListener("abort", end, { once: true });
  if (hurry.aborted) end();
  let connection: Connection | undefined;
  try {
    if (goal === "connect") {
      const made = await connect(at, limit.signal);
      // The result is known. It does not wait for the connection to close.
      clock.after(0, () => made.close());
      return READY;
    }
    connection = typeof goal === "object" && tlsName !== undefined
      ? await openTls(at, tlsName, limit.signal)
      : await openTcp(at, limit.signal);
    // The connection is there: the rest has the limit of the whole try.
    limit[Symbol.dispose]();
    if (typeof goal === "number") {
      // Its end may have come while signalbox was busy, and was not looked at yet.
      const stayed = clock.sleep(goal, limit.signal).then(() => clock.sleep(0)).then(() => "stayed");
      return await Promise.race([connection.read(), stayed]) === undefined
        ? refuse("closes connections at once")
        : READY;
    }
    await connection.write(goal.request);
    const line = await readStatusLine(connection);
    if (line === "") return refuse("closes connections at once");
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1];
    if (status === undefined) return refuse("does not speak HTTP", { isSure: true });
    return goal.isAnyRight || /^[23]/.test(status) ? READY : refuse(`answers ${status}`, { isSure: true });
  } catch (error) {
    if (signal.aborted) return refuse("is no longer asked");
    // The connection took too long; no other try needed the turn.
    const isAway = connection === undefined;
    if (limit.signal.aborted) return refuse("does not answer", { isAway: isAway && !hurry.aborted });
    const { code, message } = error as Error & { code?: string };
    return code === "ECONNREFUSED"
      ? refuse("refuses connections", { isSure: true })
      : refuse(`fails (${message})`, { isAway: isAway && AWAY.test(message) });
  } finally {
    signal.removeEventListener("abort", end);
    hurry.removeEventListener("abort", end);
    connection?.close();
    // This ends reads that are still under way.
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
