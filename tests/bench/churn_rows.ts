/** What a churn gave, as lines of the table: failed requests for each fault, and latency against quiet. */
import { churn, type ChurnResult, type Phase, type Round } from "./churn.ts";
import type { Failure } from "./load.ts";
import type { Measured, Scene } from "./measures.ts";
import { isWeighted, UNIT_WEIGHT } from "./processor.ts";
import { requestWords, type Router } from "./router.ts";
import { milliseconds, percentile } from "./statistics.ts";

const PER_SECOND = 500;

/** One churn: a line for each fault, and the latency against quiet. */
export async function churns(scene: Scene, isKept: boolean, isAllPublished: boolean): Promise<Measured[]> {
  const { fleet, router, scale } = scene;
  const result = await churn(fleet, router, {
    seconds: scale.churnSeconds,
    perSecond: PER_SECOND,
    isKept,
    isAllPublished,
    reloads: scale.reloads,
    // The naive generator has no aim.
    isDoneUnweighted: !isAllPublished && router.kind !== "naive",
  });
  const kind = `${isKept ? "kept" : "new"} connections, ${
    isAllPublished ? "published ports" : "own addresses"
  }`;
  const { weighted, unweighted, load } = result;
  tellWhy(scene, kind, result);
  const rows = [
    ...weighted.faults.map((phase) => faultRow([phase], phase.name, kind, router)),
    {
      ...latencyRow(weighted, kind, load.lateMs),
      // Where all goes through Docker's own proxy, what is measured is that one, in the engine's cgroup: told, and no aim.
      ...(isAllPublished ? {} : { aim: "≤ 2", holds: isTwiceAtMost(weighted) }),
    },
  ];
  if (unweighted === undefined) return rows;
  const unweightedKind = `${kind}, no weight of its own`;
  return [
    ...rows,
    faultRow(unweighted.faults, "every fault", unweightedKind, router),
    latencyRow(unweighted, unweightedKind, load.lateMs),
  ];
}

function faultRow(phases: readonly Phase[], name: string, kind: string, router: Router): Measured {
  const failures = phases.flatMap((phase) => phase.failures.map((failure) => ({ phase, failure })));
  const right = failures.filter(({ phase, failure }) => isRight(phase, failure, router)).length;
  const failed = failures.length - right;
  const requests = phases.reduce((sum, phase) => sum + phase.requests, 0);
  const faults = phases.reduce((sum, phase) => sum + phase.faults, 0);
  const seconds = phases.reduce((sum, { from, until }) => sum + until - from, 0) / 1_000;
  return {
    measure: `failed, ${kind}: ${name}`,
    aim: "0",
    result: `${failed} of ${requests.toLocaleString("en")}${
      right > 0 ? ` (and ${right} within a container that ended: POSTs, begun answers)` : ""
    }`,
    value: failed,
    holds: failed === 0,
    load: `${PER_SECOND}/s, ${faults} in ${seconds.toFixed(0)} s`,
  };
}

const ABRUPT = new Set(["rm -f", "SIGKILLed"]);

/**
 * What a container had got or begun to answer when it ended may not be given to another, but for a GET without an
 * answer. Of one that was told to stop that counts only if it had got it before the engine told anybody of the signal.
 */
function isRight(phase: Phase, failure: Failure, router: Router): boolean {
  const { method, what } = failure;
  const isAbrupt = ABRUPT.has(phase.name);
  if (isAbrupt && what.startsWith("closed within an answer")) return true;
  const isUnanswered = what === "status 502" || what === "closed before an answer";
  return method === "POST" && isUnanswered && (isAbrupt || isSentBeforeWord(failure, router));
}

/** HAProxy's words on a request (manual, 8.2.3): its server, and TR/Tw/Tc/Tr/Ta; -1 is a stage that it did not reach. */
const WORDS = / _web\S* [^/ ]+\/(\S+) (\d+)\/(-?\d+)\/(-?\d+)\/-?\d+\/\+?(\d+) /;
/** How long after a signal the engine tells of it at most, in milliseconds. */
const WORD_MS = 50;

/** Whether HAProxy had sent a request to its server before the engine's word came that its container is to stop. */
function isSentBeforeWord({ id, host, at, tookMs }: Failure, router: Router): boolean {
  const words = router.lines.filter(({ event, servers }) => event === "drained" && Array.isArray(servers))
    .map(({ time, sinceEventMs, servers }) => ({
      cameAt: time - Number(sinceEventMs),
      servers: servers as string[],
    }));
  const line = router.findRequest(`id=${id} `);
  if (line === undefined) {
    // On a kept connection HAProxy leaves it to the client to ask again, and logs nothing: the server is not known.
    return words.some(({ cameAt, servers }) =>
      servers.some((server) => server.startsWith(`${host}:`)) && at < cameAt && cameAt < at + tookMs + WORD_MS
    );
  }
  const [, server = "", ...timers] = WORDS.exec(line) ?? [];
  const [received = NaN, waited = -1, connected = -1, total = NaN] = timers.map(Number);
  if (waited < 0 || connected < 0) return false;
  const sentAt = Math.max(at, at + tookMs - total) + received + waited + connected;
  return words.some(({ cameAt, servers }) => servers.includes(server) && sentAt < cameAt);
}

const churnedP99 = ({ faults }: Round) => percentile(faults.flatMap((phase) => phase.tookMs), 99);

const isTwiceAtMost = (round: Round) => churnedP99(round) <= 2 * round.quiet.p99Ms;

function latencyRow(round: Round, kind: string, lateMs: number): Measured {
  const [churned, before] = [churnedP99(round), round.quiet.p99Ms];
  return {
    measure: `p99 latency during churn ÷ quiet, ${kind}`,
    aim: "",
    result: `${(churned / before).toFixed(1)} (${milliseconds(churned)} ÷ ${
      milliseconds(before)
    } ms; the engine's work alone gives ${(round.engine.p99Ms / before).toFixed(1)})`,
    value: churned,
    load: `${PER_SECOND}/s, all faults; signalbox with CPUWeight=${
      isWeighted ? UNIT_WEIGHT : "100"
    } unless said; the load generator, which others do not keep waiting, was at most ${
      milliseconds(lateMs)
    } ms late`,
  };
}

function tellWhy({ router, remark }: Scene, kind: string, { weighted, unweighted }: ChurnResult): void {
  const rounds = [weighted, ...(unweighted === undefined ? [] : [unweighted])];
  for (const phase of rounds.flatMap(({ quiet, engine, faults }) => [quiet, engine, ...faults])) {
    for (const failure of phase.failures.slice(0, 20)) {
      const line = router.findRequest(`id=${failure.id} `);
      const since = Math.round(failure.at - phase.from);
      remark(
        `${router.kind}, ${kind}, ${phase.name} at +${since} ms: ${failure.method} ${failure.host}: ${failure.what}, ` +
          `${Math.round(failure.tookMs)} ms${line ? `; ${requestWords(line)}` : ""}`,
      );
    }
    const [slowest] = phase.slowest;
    const line = slowest && router.findRequest(`id=${slowest[1]} `);
    if (slowest !== undefined && slowest[0] > 200 && line) {
      remark(
        `${router.kind}, ${kind}, ${phase.name}: slowest ${Math.round(slowest[0])} ms; ${requestWords(line)}`,
      );
    }
  }
}
