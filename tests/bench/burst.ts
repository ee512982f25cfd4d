/** Many containers that start at once, and are removed at once, while other hosts have traffic. */
import type { Fleet, Member } from "./fleet.ts";
import type { Failure } from "./load.ts";
import { startLoad } from "./load_process.ts";
import { askOnce, now } from "./raw_http.ts";
import type { Router } from "./router.ts";

/** What became of a burst; times from the last event, or from the last container's own first answer if that is later. */
export interface BurstResult {
  readonly addedMs: number;
  readonly removedMs: number;
  readonly reloads: number;
  readonly requests: number;
  readonly failures: readonly Failure[];
}

const HOSTS = 25;
const PER_HOST = 2;
const LIMIT_MS = 30_000;
const STEADY = "steady.bench";

/** Starts and removes the containers; the hosts' names are new, so that spares run out. */
export async function measureBurst(fleet: Fleet, router: Router): Promise<BurstResult> {
  for (let at = 0; at < 3; at++) await fleet.add({ host: STEADY });
  const members = await Promise.all(
    Array.from({ length: HOSTS * PER_HOST }, (_, at) => fleet.create({ host: `burst${at % HOSTS}.bench` })),
  );
  // Two that are asked for in step may each get the other's answer for long: whoever answers anybody is seen.
  const seen = new Set<string>();
  await pollAll([STEADY], (host) => isServed(router, host, "", seen), "the steady host");
  const load = startLoad({
    port: router.port,
    perSecond: 200,
    isKept: false,
    hosts: [STEADY],
    postEvery: 10,
  });
  const reloads = router.reloads;
  const events = fleet.watch(["start", "die", "destroy"]);

  await Promise.all(members.map((member) => fleet.start(member)));
  const [own, added] = await Promise.all([
    pollAll(members, (member) => isUp(member), "the containers"),
    pollAll(members, (member) => isServed(router, member.host, member.name, seen), "all to be served"),
  ]);
  const addedMs = Math.max(0, added - Math.max(own, events.lastAt()));

  await Promise.all(members.map((member) => fleet.remove(member)));
  const hosts = [...new Set(members.map((member) => member.host))];
  const removed = await pollAll(hosts, (host) => isUnknown(router, host), "all to be gone");
  const removedMs = Math.max(0, removed - events.lastAt());
  events.end();
  const { samples, failures } = await load.end();
  await fleet.removeAll();
  return { addedMs, removedMs, reloads: router.reloads - reloads, requests: samples.length, failures };
}

/** Asks for each until each has succeeded once; answers with the moment of the last first success. */
async function pollAll<T>(
  all: readonly T[],
  succeeds: (each: T) => Promise<boolean>,
  what: string,
): Promise<number> {
  const end = now() + LIMIT_MS;
  let left = [...all];
  while (left.length > 0) {
    if (now() > end) throw new Error(`Waited in vain for ${what}, ${LIMIT_MS} ms; ${left.length} are left`);
    const results = await Promise.all(left.map(succeeds));
    left = left.filter((_, at) => !results[at]);
  }
  return now();
}

async function isServed(router: Router, host: string, name: string, seen: Set<string>): Promise<boolean> {
  const answer = await askOnce("127.0.0.1", router.port, host);
  if (answer?.status === 200) seen.add(answer.body);
  return [...seen].some((body) => body.includes(name));
}

async function isUp(member: Member): Promise<boolean> {
  return (await askOnce(member.address, 8080, member.host))?.status === 200;
}

/** The naive generator's HAProxy has no answer of its own for hosts that nobody serves. */
async function isUnknown(router: Router, host: string): Promise<boolean> {
  const asked = now();
  const status = (await askOnce("127.0.0.1", router.port, host))?.status;
  return router.kind === "naive" ? status === 503 && now() - asked < 100 : status === 404;
}
