/** What happens to workers of a Swarm while clients ask: cut off and back, without an engine, without power, and stopped. */
import { TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import type { Router, Stage } from "./stage.ts";
import { underLoad } from "./swarm_load.ts";
import type { SwarmNodeStage } from "./swarm_nodes.ts";

const HOST = "each.local";

/** What the faults are done to. */
export type Faulty = {
  readonly stage: Stage;
  readonly router: Router;
  readonly manager: SwarmNodeStage;
  /** Is cut off, loses its engine, and then its power. */
  readonly unlucky: SwarmNodeStage;
  /** Its engine is stopped, as before a restart of the machine. */
  readonly stopped: SwarmNodeStage;
  /** Between two requests of a connection; none unless said. */
  readonly pauseMs?: number;
};

/** Does one after the other to a service that has a task on each machine; throws where a request failed. */
export async function doFaults(
  { stage, router, manager, unlucky, stopped, pauseMs }: Faulty,
): Promise<void> {
  await manager.docker(
    ..."service create -d --no-resolve-image --mode global --name each --publish mode=host,target=8080".split(
      " ",
    ),
    ...["--label", `interlock.hostname=${HOST}`, "--env", "NAME={{.Node.Hostname}}", TINY],
  );
  await router.answers(HOST);
  const answersOf = (times: number) =>
    Promise.all(Array.from({ length: times }, () => router.get(HOST).then(({ body }) => body)));
  const isServing = (node: SwarmNodeStage) =>
    eventually(async () => (await answersOf(6)).includes(node.name), {
      what: `${node.name} to serve`,
      limitMs: 90_000,
    });
  const isOut = (node: SwarmNodeStage) =>
    eventually(async () => !(await answersOf(12)).includes(node.name), {
      what: `${node.name} to get no requests`,
      limitMs: 90_000,
    });
  const load = underLoad(router, HOST, stage, pauseMs);
  await Promise.all([isServing(unlucky), isServing(stopped)]);
  await unlucky.cut(true);
  await isOut(unlucky);
  load.check("a worker that is cut off");
  await unlucky.cut(false);
  await isServing(unlucky);
  load.check("a worker that is back");
  await unlucky.endDaemon("KILL");
  await answersOf(30);
  await isServing(unlucky);
  load.check("a worker whose engine is killed, and whose tasks live on");
  await unlucky.kill();
  await isOut(unlucky);
  load.check("a worker without power");
  await stopped.endDaemon("TERM");
  await isOut(stopped);
  await load.end();
  load.check("a worker whose engine is stopped");
}
