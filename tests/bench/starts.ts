/** How soon a container that starts has traffic, and how soon HAProxy knows of an event. */
import { eventually } from "../harness/eventually.ts";
import type { Fleet, Member, MemberRequest } from "./fleet.ts";
import { askOnce, now } from "./raw_http.ts";
import type { LogLine, Router } from "./router.ts";

/** One start, in milliseconds. */
export interface Start {
  /** From when the start returned, or the container answered by itself if that was later, to the first 200 by the router. */
  readonly beyondMs: number;
  readonly ownMs: number;
}

const LIMIT_MS = 20_000;

/** Polls without a pause of more than a millisecond; answers with the moment of the first success. */
async function pollUntil(succeeds: () => Promise<boolean>, what: string): Promise<number> {
  const end = now() + LIMIT_MS;
  while (now() < end) {
    const asked = now();
    if (await succeeds()) return now();
    if (now() - asked < 1) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  throw new Error(`Waited in vain for ${what}, ${LIMIT_MS} ms`);
}

/** Starts one container after the other and measures each; a container is gone from the router before the next comes. */
export async function measureStarts(
  fleet: Fleet,
  router: Router,
  count: number,
  request: (at: number) => MemberRequest,
): Promise<Start[]> {
  const starts: Start[] = [];
  for (let at = 0; at < count; at++) {
    const member = await fleet.create(request(at));
    starts.push(await measureStart(fleet, router, member));
    await fleet.remove(member);
    await isGone(router, member);
  }
  return starts;
}

/** From an event that came in until HAProxy had done what it led to, in milliseconds; told by signalbox's log. */
export interface Acknowledged {
  readonly startMs: number;
  readonly killMs: number;
}

/** Starts a container and removes it when HAProxy has it, without a request that would take processor time meanwhile. */
export async function startQuietly(
  fleet: Fleet,
  router: Router,
  request: MemberRequest,
): Promise<Acknowledged> {
  const member = await fleet.create(request);
  const before = router.lines.length;
  const told = async (isMeant: (line: LogLine) => boolean, what: string): Promise<number> => {
    const find = () => router.lines.slice(before).find(isMeant);
    await eventually(() => find() !== undefined, { what, everyMs: 50, limitMs: LIMIT_MS });
    return Number(find()?.["sinceEventMs"]);
  };
  const isDone = (operation: string) => ({ event, operations }: LogLine) =>
    event === "changed" && `${operations}`.includes(operation);
  await fleet.start(member);
  const startMs = await told(isDone("set-state"), "the server to be ready");
  await fleet.remove(member);
  const killMs = await told(
    ({ event, servers }) => event === "drained" && `${servers}`.includes(`:${member.id.slice(0, 12)}:`),
    "the server to be taken out",
  );
  await told(isDone("delete-server"), "the server to be deleted");
  return { startMs, killMs };
}

async function measureStart(fleet: Fleet, router: Router, member: Member): Promise<Start> {
  const returned = await fleet.start(member);
  const isOwn = (hostname: string, port: number) => async () => {
    const answer = await askOnce(hostname, port, member.host);
    return answer?.status === 200 && answer.body.includes(member.name);
  };
  const [own, routed] = await Promise.all([
    pollUntil(isOwn(member.address, 8080), `${member.name} to answer by itself`),
    pollUntil(isOwn("127.0.0.1", router.port), `${member.name} to answer through ${router.kind}`),
  ]);
  return { beyondMs: Math.max(0, routed - Math.max(own, returned)), ownMs: own - returned };
}

/** Waits until several requests in a row are answered by others, or by nobody. */
async function isGone(router: Router, member: Member): Promise<void> {
  let others = 0;
  await eventually(async () => {
    const answer = await askOnce("127.0.0.1", router.port, member.host);
    others = answer === undefined || answer.body.includes(member.name) ? 0 : others + 1;
    return others >= 3;
  }, { what: `${member.name} to be gone`, everyMs: 5, limitMs: LIMIT_MS });
}
