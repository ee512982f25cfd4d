/** Every measure of the whole program, for signalbox and for the naive generator alike. */
import { eventually } from "../harness/eventually.ts";
import { measureBurst } from "./burst.ts";
import type { Fleet, Member, MemberRequest } from "./fleet.ts";
import { measurePosts } from "./posts.ts";
import { askOnce } from "./raw_http.ts";
import { measureRolling } from "./rolling.ts";
import { requestWords, type Router, startRouter } from "./router.ts";
import { type Acknowledged, measureStarts, startQuietly } from "./starts.ts";
import { median, milliseconds, percentile } from "./statistics.ts";

/** One line of the table for one router; equal measures have equal words. */
export interface Measured {
  readonly measure: string;
  readonly aim: string;
  readonly result: string;
  /** What is compared with the baseline; more is worse. */
  readonly value: number;
  readonly holds?: boolean;
  readonly load: string;
}

/** How much is measured. */
export interface Scale {
  readonly starts: number;
  readonly churnSeconds: number;
  readonly reloads: number;
  readonly rolling: number;
  readonly postSeconds: number;
}

/** Where measures happen. */
export interface Scene {
  readonly fleet: Fleet;
  readonly router: Router;
  readonly scale: Scale;
  readonly folder: string;
  /** Details that help to find out why: one line each. */
  readonly remark: (line: string) => void;
}

/** The three ways of a start, and the time from event to commands. */
export async function starts({ fleet, router, scale }: Scene): Promise<Measured[]> {
  await fleet.add({ host: "known.bench" });
  const rows: Measured[] = [];
  const ways: [string, number, number, (at: number) => MemberRequest][] = [
    ["new replica of a known host", 5, 30, () => ({ host: "known.bench" })],
    ["new host (spare backend)", 8, 40, (at) => ({ host: `new${at}.bench` })],
    ["new host, on the path that reloads", 50, 150, (at) => ({
      host: `options${at}.bench`,
      data: { queue_timeout: 3_000 + at },
    })],
  ];
  for (const [what, medianAim, p99Aim, request] of ways) {
    const times = (await measureStarts(fleet, router, scale.starts, request)).map((start) => start.beyondMs);
    const [middle, high] = [median(times), percentile(times, 99)];
    rows.push({
      measure: `start → first 200: ${what}`,
      aim: `≤ ${medianAim}, p99 ≤ ${p99Aim} ms`,
      result: `${milliseconds(middle)}, p99 ${milliseconds(high)} ms`,
      value: middle,
      holds: middle <= medianAim && high <= p99Aim,
      load: `${times.length} one by one, beyond the container's own first answer, polled at ≤ 1 ms`,
    });
  }
  if (router.kind === "naive") return rows;
  const quiet: Acknowledged[] = [];
  for (let at = 0; at < scale.starts; at++) {
    quiet.push(await startQuietly(fleet, router, { host: "known.bench" }));
  }
  // A pass that began for another reason may be the one that finds a container ready: its line has no time.
  const kills = quiet.map(({ killMs }) => killMs).filter(Number.isFinite);
  const added = quiet.map(({ startMs }) => startMs).filter(Number.isFinite);
  for (
    const [what, times] of [["kill", kills], [
      "start, or the container's own answer if that is later",
      added,
    ]] as const
  ) {
    rows.push({
      measure: `event received → commands acknowledged: ${what}`,
      aim: "≤ 3 ms",
      result: `${milliseconds(median(times))}, p99 ${milliseconds(percentile(times, 99))} ms`,
      value: median(times),
      holds: median(times) <= 3,
      load: `${times.length} replicas started and removed, nothing else asked for; by signalbox's log`,
    });
  }
  return rows;
}

export async function burst({ fleet, router, remark }: Scene): Promise<Measured[]> {
  const before = router.lines.length;
  const result = await measureBurst(fleet, router);
  for (const { event, reasons } of router.lines.slice(before)) {
    if (event === "reloaded") remark(`${router.kind}, burst: reloaded, ${JSON.stringify(reasons)}`);
  }
  const load = "50 containers of 25 new hosts, 200/s on another host";
  const slower = Math.max(result.addedMs, result.removedMs);
  return [
    {
      measure: "burst: last event → all right",
      aim: "≤ 500 ms",
      result: `started ${milliseconds(result.addedMs)} ms, removed ${milliseconds(result.removedMs)} ms`,
      value: slower,
      holds: slower <= 500,
      load,
    },
    {
      measure: "burst: reloads",
      aim: "≤ 2",
      result: `${result.reloads}`,
      value: result.reloads,
      holds: result.reloads <= 2,
      load,
    },
    {
      measure: "burst: failed on another host",
      aim: "0",
      result: `${result.failures.length} of ${result.requests.toLocaleString("en")}`,
      value: result.failures.length,
      holds: result.failures.length === 0,
      load,
    },
  ];
}

/** A burst with other times to settle in: when all is right, and how many passes it took. */
export async function settling({ fleet, router }: Scene, called: string): Promise<Measured[]> {
  const before = router.lines.length;
  const result = await measureBurst(fleet, router);
  const passes = router.lines.slice(before).filter(({ msg }) => msg === "read containers").length;
  return [{
    measure: `burst, settled for ${called}`,
    aim: "",
    result: `${milliseconds(result.addedMs)} and ${
      milliseconds(result.removedMs)
    } ms, ${passes} passes, ${result.reloads} reloads`,
    value: Math.max(result.addedMs, result.removedMs),
    load: "50 containers of 25 new hosts started, then removed",
  }];
}

export async function rolling({ fleet, router, scale, remark }: Scene): Promise<Measured[]> {
  const result = await measureRolling(fleet, router, scale.rolling);
  for (const each of result.failed.slice(0, 20)) {
    const line = router.findRequest(`id=${each.id} `);
    remark(`${router.kind}, rolling: ${JSON.stringify(each)}${line ? `; ${requestWords(line)}` : ""}`);
  }
  const { slow, downloads, webSockets, short } = result;
  return [{
    measure: "rolling update, one by one: failed or cut before the container's end",
    aim: "0",
    result:
      `${result.failed.length} of ${slow} slow, ${downloads} downloads, ${webSockets} WebSockets, ${short} short${
        result.cutByContainer > 0
          ? ` (${result.cutByContainer} downloads lost with their container's kernel buffer)`
          : ""
      }`,
    value: result.failed.length,
    holds: result.failed.length === 0,
    load: `${result.replicas} replicas in ${
      Math.round(result.tookMs / 1_000)
    } s; requests of 2 s, 20 MB in 3 s, 100/s short`,
  }];
}

/** What signalbox itself holds in memory: when it has just begun with 100 containers, and when 100 more have come and gone. */
export async function memory({ fleet, folder, router: other }: Scene): Promise<Measured[]> {
  const count = 100;
  // What is measured begins when all containers run: another signalbox would only take processor time from the engine.
  await other.stop();
  for (let at = 0; at < count; at += AT_ONCE) await addSome(fleet, (one) => `memory${(at + one) >> 1}.bench`);
  const router = await startRouter("signalbox", folder, `unix://${fleet.socket}`);
  try {
    const begun = await restedMib(router, `memory${(count - 1) >> 1}.bench`);
    for (let at = 0; at < count; at += AT_ONCE) {
      const members = await addSome(fleet, () => "memory0.bench");
      await Promise.all(members.map((member) => fleet.remove(member)));
    }
    const changed = await restedMib(router, "memory0.bench");
    const row = (measure: string, held: number, load: string) => ({
      measure: `resident memory of signalbox itself: ${measure}`,
      result: `${held} MiB`,
      value: held,
      load: `${count} containers of ${count / 2} hosts${load}, idle for 5 s; HAProxy not counted`,
    });
    return [
      { ...row("begun", begun, ""), aim: "< 60 MiB", holds: begun < 60 },
      { ...row("after changes", changed, `; ${count} more came and went, ${AT_ONCE} at once`), aim: "" },
    ];
  } finally {
    await router.stop();
  }
}

/** Containers that are started together where it is not their start that is measured: one by one, each takes a second. */
const AT_ONCE = 10;

function addSome(fleet: Fleet, hostOf: (one: number) => string): Promise<Member[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, (_, one) => fleet.add({ host: hostOf(one) })));
}

/** Resident memory once a host is served, and signalbox has been idle for a few seconds. */
async function restedMib(router: Router, host: string): Promise<number> {
  await eventually(async () => (await askOnce("127.0.0.1", router.port, host))?.status === 200, {
    what: `${host} to be served`,
    limitMs: 20_000,
  });
  // The length of the rest is part of the measure: what a pass left behind is collected in it.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return await router.memoryMib();
}

export async function posts({ fleet, router, scale, folder }: Scene): Promise<Measured[]> {
  const result = await measurePosts(fleet, router, folder, scale.postSeconds);
  const load = `100/s of 20 ms each, ${result.deaths} SIGKILLs in ${scale.postSeconds} s`;
  return [
    {
      measure: "POSTs through abrupt deaths: delivered twice",
      aim: "0",
      result: `${result.twice} of ${result.sent}`,
      value: result.twice,
      holds: result.twice === 0,
      load,
    },
    {
      measure: "POSTs through abrupt deaths: answered with an error",
      aim: "",
      result: `${result.failed}, of which no container had got ${result.failedUnsent}`,
      value: result.failed,
      load,
    },
  ];
}
