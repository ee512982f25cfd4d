/** What is done to services of a Swarm while clients ask: updates in each order, more and fewer tasks, nodes that are drained. */
import { join } from "node:path";
import { TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import type { Router, Stage } from "./stage.ts";
import type { Load } from "./swarm_load.ts";
import type { SwarmNodeStage } from "./swarm_nodes.ts";

/** A manager, by its command line. */
export type Manager = Pick<SwarmNodeStage, "docker">;

/** A service to create: each of its tasks answers with a name, at a port that its node has for it alone. */
export type ServiceRequest = {
  readonly name: string;
  readonly host: string;
  /** What its tasks answer. */
  readonly says: string;
  readonly flags: readonly string[];
};

/** Creates it, and returns at once. */
export const createService = ({ docker }: Manager, { name, host, says, flags }: ServiceRequest) =>
  docker(
    ..."service create -d --no-resolve-image --update-monitor 0s".split(" "),
    ...["--label", `interlock.hostname=${host}`, "--env", `NAME=${says}`, "--name", name],
    ...flags,
    TINY,
  );

/** Has each of a service's tasks answer with another name, and returns at once. */
export const updateService = ({ docker }: Manager, name: string, says: string, ...flags: string[]) =>
  docker(..."service update -d --no-resolve-image".split(" "), ...flags, "--env-add", `NAME=${says}`, name);

/** Waits until a service has so many tasks of one version, and no other, none of them on the nodes of these ids. */
export const hasTasks = (
  { docker }: Manager,
  service: string,
  count: number,
  says: string,
  but: readonly string[] = [],
) =>
  eventually(async () => {
    const ids = (await docker("service", "ps", "-q", "-f", "desired-state=running", service)).split("\n");
    const said = JSON.parse(await docker("inspect", ...ids)) as {
      readonly NodeID: string;
      readonly Status: { readonly State: string };
      readonly Spec: { readonly ContainerSpec: { readonly Env: readonly string[] } };
    }[];
    return said.length === count && said.every(({ NodeID, Status, Spec }) =>
      Status.State === "running" && Spec.ContainerSpec.Env.includes(`NAME=${says}`) && !but.includes(NodeID)
    );
  }, { what: `${service} to have ${count} tasks of ${says}`, limitMs: 120_000 });

/** Updates a service with three tasks in each order, back again, grows and shrinks it to two. */
export async function updateAndScale(manager: Manager, name: string, load: Load): Promise<void> {
  await updateService(manager, name, "second", "--update-order", "stop-first");
  await hasTasks(manager, name, 3, "second");
  load.check("an update that stops first");
  await updateService(manager, name, "third", "--update-order", "start-first");
  await hasTasks(manager, name, 3, "third");
  load.check("an update that starts first");
  await manager.docker("service", "scale", "-d", `${name}=5`);
  await hasTasks(manager, name, 5, "third");
  await manager.docker("service", "scale", "-d", `${name}=2`);
  await hasTasks(manager, name, 2, "third");
  load.check("a service that grows and shrinks");
}

/** Drains nodes one after the other, each once the two tasks of a service have left those before. */
export async function drain(
  manager: Manager,
  names: readonly string[],
  service: string,
  says: string,
): Promise<void> {
  const drained: string[] = [];
  for (const name of names) {
    drained.push(await manager.docker("node", "inspect", "-f", "{{.ID}}", name));
    await manager.docker("node", "update", "--availability", "drain", name);
    await hasTasks(manager, service, 2, says, drained);
  }
}

/** Lets nodes take tasks again. */
export async function undrain({ docker }: Manager, names: readonly string[]): Promise<void> {
  for (const name of names) await docker("node", "update", "--availability", "active", name);
}

/** Updates all tasks of a service at once, starting first, and rolls it back one by one, stopping first. */
export async function updateAtOnceAndBack(manager: Manager, name: string, load: Load): Promise<void> {
  const orders = ["--update-order", "start-first", "--update-parallelism", "0"];
  const back = ["--rollback-order", "stop-first", "--rollback-parallelism", "1", "--rollback-monitor", "0s"];
  await updateService(manager, name, "fourth", ...orders, ...back);
  await hasTasks(manager, name, 2, "fourth");
  load.check("an update of all tasks at once");
  await manager.docker("service", "rollback", "-d", name);
  await hasTasks(manager, name, 2, "third");
  load.check("an update that is rolled back");
}

const STACK_HOST = "stack.local";

/** Deploys a stack of a compose file, and again with another version of its service, until that alone answers; removes it. */
export async function deployAndRedeploy(
  stage: Stage,
  router: Router,
  manager: Manager,
  load: (host: string) => Load,
): Promise<void> {
  const path = join(stage.folder, "stack.yaml");
  const deploy = async (says: string) => {
    await Deno.writeTextFile(path, stackFile(says));
    await manager.docker("stack", "deploy", "--resolve-image", "never", "-c", path, "shop");
    await hasTasks(manager, "shop_web", 3, says);
  };
  await deploy("first");
  await router.answers(STACK_HOST);
  const asked = load(STACK_HOST);
  await deploy("second");
  await eventually(async () => (await router.get(STACK_HOST)).body === "second", {
    what: "the second version to answer",
  });
  asked.check("a stack that is deployed again");
  await asked.end();
  await manager.docker("stack", "rm", "shop");
  await router.answers(STACK_HOST, 404);
}

const stackFile = (says: string) =>
  `version: "3.8"
services:
  web:
    image: ${TINY}
    environment: { NAME: ${says} }
    ports: [{ mode: host, target: 8080 }]
    deploy:
      replicas: 3
      labels: { interlock.hostname: ${STACK_HOST} }
      update_config: { order: start-first, monitor: 0s }
`;
