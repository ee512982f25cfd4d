/** Replicas replaced one by one, as `docker compose up` does it, with requests in flight that last. */
import { eventually } from "../harness/eventually.ts";
import type { Fleet, Member } from "./fleet.ts";
import type { Failure } from "./load.ts";
import { startLoad } from "./load_process.ts";
import { type Ending, runOne } from "./long_lived.ts";
import { askOnce, now } from "./raw_http.ts";
import type { Router } from "./router.ts";

/** What became of the requests. */
export interface RollingResult {
  readonly replicas: number;
  readonly slow: number;
  readonly downloads: number;
  readonly webSockets: number;
  readonly short: number;
  /** Failed requests, and WebSockets and downloads that were cut before their container was told to stop. */
  readonly failed: readonly (Ending | Failure)[];
  /** Downloads that their container cut: what lies in its kernel's buffer when its process ends is lost with it. */
  readonly cutByContainer: number;
  readonly tookMs: number;
}

const HOST = "roll.bench";
const EVERY_MS = { slow: 100, download: 700, websocket: 400 } as const;

export async function measureRolling(fleet: Fleet, router: Router, replicas: number): Promise<RollingResult> {
  const old: Member[] = [];
  for (let at = 0; at < replicas; at++) {
    old.push(await fleet.add({ host: HOST, kind: "witness", isPublished: at % 2 === 0 }));
  }
  await eventually(async () => (await askOnce("127.0.0.1", router.port, HOST))?.status === 200, {
    what: `${HOST} to be served`,
  });
  const told = new Map<string, number>();
  const endings: Promise<Ending>[] = [];
  const over = new AbortController();
  let count = 0;
  const timers = (Object.keys(EVERY_MS) as Ending["kind"][]).map((kind) =>
    setInterval(() => {
      endings.push(runOne(kind, router.port, HOST, `${kind}-${++count}`, over.signal));
    }, EVERY_MS[kind])
  );
  const load = startLoad({ port: router.port, perSecond: 100, isKept: true, hosts: [HOST], postEvery: 10 });
  const startedAt = now();
  try {
    for (const member of old) {
      told.set(member.name, now());
      await fleet.act(member, "stop?t=10");
      await fleet.remove(member);
      await fleet.start(
        await fleet.create({ host: HOST, kind: "witness", isPublished: told.size % 2 === 0 }),
      );
    }
  } finally {
    timers.forEach(clearInterval);
  }
  const tookMs = now() - startedAt;
  // Slow requests and downloads end by themselves; WebSockets are ended once those are through.
  const byItself = endings.length;
  setTimeout(() => over.abort(), 4_000);
  const ended = await Promise.all(endings.slice(0, byItself));
  const short = await load.end();
  await fleet.removeAll();
  // A container that was told to stop ends its WebSockets when it likes; slow requests it has to finish.
  const isEndedByContainer = (each: Ending) =>
    each.kind !== "slow" && each.name !== "" && each.endedAt >= (told.get(each.name) ?? Infinity);
  const bad = ended.filter((each) => each.what !== undefined);
  const countOf = (kind: Ending["kind"]) => ended.filter((each) => each.kind === kind).length;
  return {
    replicas,
    slow: countOf("slow"),
    downloads: countOf("download"),
    webSockets: countOf("websocket"),
    short: short.samples.length,
    failed: [...bad.filter((each) => !isEndedByContainer(each)), ...short.failures],
    cutByContainer: bad.filter((each) => each.kind === "download" && isEndedByContainer(each)).length,
    tookMs,
  };
}
