import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Backoff, backoffMs } from "../core/backoff.ts";
import type { Clock, Prober, ProbeTarget } from "../ports.ts";

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
      const verdict = await probe(target, signal);
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

async function probe(target: ProbeTarget, signal: AbortSignal): Promise<Verdict> {
  if (target.warmHost !== undefined) return await attempt(target, "answer", target, signal);
  if (target.via === "container") return await attempt(target, "connect", target, signal);
  if (target.own !== undefined) {
    const own = await attempt(target.own, "connect", target, signal);
    // Refused at its own address is sure; out of reach from here is not, and the published port has to tell.
    if (own.isReady || own.isSure) return own;
  }
  return await attempt(target, "stays-open", target, signal);
}

type Goal = "connect" | "stays-open" | "answer";

function attempt(
  at: { readonly hostname: string; readonly port: number },
  goal: Goal,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<Verdict> {
  const where = `${at.hostname}:${at.port}`;
  return new Promise((resolve) => {
    const isTls = goal === "answer" && target.isTls;
    const address = { host: at.hostname, port: at.port };
    const socket: Socket = isTls
      ? connectTls({ ...address, rejectUnauthorized: false, servername: target.warmHost ?? "" })
      : connectTcp(address);
    const finish = (verdict: Verdict) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(verdict);
    };
    const fail = (why: string, isSure: boolean) => finish({ isReady: false, why: `${where} ${why}`, isSure });
    const onAbort = () => fail("is no longer asked", false);
    let timer = setTimeout(
      () => fail("does not answer", false),
      goal === "answer" ? ANSWER_LIMIT_MS : CONNECT_LIMIT_MS,
    );
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", (error: Error & { code?: string }) => {
      fail(
        error.code === "ECONNREFUSED" ? "refuses connections" : `fails (${error.message})`,
        error.code === "ECONNREFUSED",
      );
    });
    socket.on("close", () => fail("closes connections at once", false));
    socket.on(isTls ? "secureConnect" : "connect", () => {
      if (goal === "connect") return finish(READY);
      if (goal === "answer") {
        socket.write(
          `GET / HTTP/1.1\r\nHost: ${target.warmHost}\r\nUser-Agent: signalbox\r\nConnection: close\r\n\r\n`,
        );
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(() => finish(READY), STAYS_OPEN_MS);
    });
    socket.on("data", (data: Uint8Array) => {
      if (goal !== "answer") return finish(READY);
      const isHttp = new TextDecoder().decode(data.subarray(0, 7)).startsWith("HTTP/1.");
      if (isHttp) finish(READY);
      else fail("does not speak HTTP", true);
    });
  });
}
