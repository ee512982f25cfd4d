/** What happens to managers of a Swarm while clients ask: one after the other is stopped, then most of them at once. */
import assert from "node:assert/strict";
import { eventLine } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { runProgram, startProgram } from "../harness/program.ts";
import { type Router, type Stage, STOP_LIMIT_MS } from "./stage.ts";
import { createService, hasTasks } from "./swarm_changes.ts";
import type { Load } from "./swarm_load.ts";
import type { SwarmNodeStage } from "./swarm_nodes.ts";

/** A Swarm without its leader chooses another in seconds, and takes up to 20 s to answer when its managers are back. */
const LEADER_LIMIT_MS = 60_000;

/** Three managers; signalbox reads from all of them. */
export type Managed = {
  readonly stage: Stage;
  readonly router: Router;
  readonly managers: readonly [SwarmNodeStage, SwarmNodeStage, SwarmNodeStage];
  /** Requests to a service whose tasks all run on workers. */
  readonly load: Load;
};

/** Stops the manager that signalbox reads from, then the leader, then two of three and signalbox itself, and starts each again. */
export async function loseManagers({ stage, router, managers, load }: Managed): Promise<void> {
  const [first, second, third] = managers;
  const followed = await followedOf(router, managers);
  const standsIn = others(managers, followed);
  assert.notEqual(followed.name, await leaderOf(first), "it reads from one that is not the leader");
  await followed.endDaemon("TERM");
  await eventually(async () => (await followedOf(router, managers)) !== followed, {
    what: "another manager to stand in",
    limitMs: LEADER_LIMIT_MS,
  });
  load.check("the manager that signalbox reads from is stopped");
  await isFollowed(router, standsIn[0], "stand-in.local");
  await followed.startDaemon();
  await knowsAll(standsIn[0]);

  const leader = named(managers, await leaderOf(first));
  const [witness] = others(managers, leader);
  await leader.endDaemon("TERM");
  await eventually(async () => {
    const name = await leaderOf(witness);
    return name !== undefined && name !== leader.name;
  }, { what: "a new leader", limitMs: LEADER_LIMIT_MS });
  await isFollowed(router, witness, "new-leader.local");
  load.check("the leader is stopped, and there is a new one");
  await leader.startDaemon();
  await knowsAll(witness);

  await Promise.all([first.endDaemon("TERM"), second.endDaemon("TERM")]);
  const since = router.program.lines.length;
  await eventually(
    () => router.program.lines.slice(since).some((line) => eventLine("swarm-lost").test(line)),
    {
      what: "signalbox to say that nobody leads the Swarm",
      limitMs: LEADER_LIMIT_MS,
    },
  );
  assert.match(await statusOf(router), /^swarm of .*: NOT READABLE \(.*\), its tasks stay as they were, /m);
  await asksOn(load);
  load.check("two of three managers are stopped");
  // It crashes just now, and the next one has never read the Swarm.
  router.program.kill("SIGKILL");
  await router.program.exited;
  const next = startProgram(["run", "--state-dir", router.stateDir, ...router.flags], {});
  stage.defer(() => next.stop("SIGTERM", STOP_LIMIT_MS));
  await next.waitForEntry({ event: "swarm-lost" }, LEADER_LIMIT_MS);
  await asksOn(load);
  load.check("signalbox is killed and started again, and nobody leads the Swarm");
  await Promise.all([first.startDaemon(), second.startDaemon()]);
  await knowsAll(third);
  await isFollowed(router, third, "regained.local");
  assert.doesNotMatch(await statusOf(router), /NOT READABLE/);
  load.check("the managers are back");
}

/** Waits until as many requests have been sent again as show whether all is well. */
async function asksOn({ endings }: Load): Promise<void> {
  const { length: asked } = endings;
  await eventually(() => endings.length > asked + 500, { what: "requests", limitMs: LEADER_LIMIT_MS });
}

const statusOf = async ({ stateDir }: Router) =>
  (await runProgram(["status", "--state-dir", stateDir])).stdout;

/** The manager that signalbox reads the Swarm from; throws where it reads it from none. */
async function followedOf(router: Router, managers: readonly SwarmNodeStage[]): Promise<SwarmNodeStage> {
  const status = await statusOf(router);
  const host = /^swarm of (\S+): \d+ of \d+ nodes? ready/m.exec(status)?.[1];
  const found = managers.find((each) => each.host === host);
  if (found === undefined) throw new Error(`it follows no manager:\n${status}`);
  return found;
}

/** The name of the leader as a manager knows it. */
async function leaderOf({ docker }: SwarmNodeStage): Promise<string | undefined> {
  const said = await docker("node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}");
  return /^(\S+) Leader$/m.exec(said)?.[1];
}

function named(managers: readonly SwarmNodeStage[], name: string | undefined): SwarmNodeStage {
  const found = managers.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${name} is none of the managers`);
  return found;
}

const others = (managers: Managed["managers"], but: SwarmNodeStage): [SwarmNodeStage, SwarmNodeStage] =>
  managers.filter((each) => each !== but) as [SwarmNodeStage, SwarmNodeStage];

/** Waits until all three managers are reachable again, as one of them sees it. */
const knowsAll = ({ docker }: SwarmNodeStage) =>
  eventually(async () => {
    const said = await docker(
      "node",
      "ls",
      "-f",
      "role=manager",
      "--format",
      "{{.ManagerStatus}} {{.Status}}",
    );
    return /^((Leader|Reachable) Ready\n?){3}$/.test(said);
  }, { what: "all managers to be back", limitMs: LEADER_LIMIT_MS });

/** Shows that what the Swarm does now is followed: a service comes, answers, and goes. */
async function isFollowed(router: Router, manager: SwarmNodeStage, host: string): Promise<void> {
  const name = host.replace(".local", "");
  const flags = ["--publish", "mode=host,target=8080", "--constraint", "node.role==worker"];
  await createService(manager, { name, host, says: name, flags });
  await hasTasks(manager, name, 1, name);
  await router.answers(host);
  await manager.docker("service", "rm", name);
  await router.answers(host, 404);
}
