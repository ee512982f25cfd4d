/** Docker Swarm on three machines: signalbox is on none of them, and knows of most tasks from the manager alone. */
import assert from "node:assert/strict";
import { TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { live } from "./stage.ts";
import { doFaults } from "./swarm_faults.ts";
import { underLoad } from "./swarm_load.ts";
import { swarmOf } from "./swarm_nodes.ts";
import { deployExamples, hasBinary } from "./swarm_stack.ts";

const HOST = "web.local";

live(
  "no request fails while a Swarm updates, scales, drains and removes services, and loses its workers one by one",
  async (stage) => {
    const machines = await swarmOf(stage, ["one"], ["two", "three"]);
    const [one, two, three] = machines;
    if (one === undefined || two === undefined || three === undefined) throw new Error("three machines");
    const router = await stage.router({ engine: one.host, flags: ["--docker-host", three.host] });
    const create = (name: string, replicas: number) =>
      one.docker(
        ..."service create -d --no-resolve-image --update-monitor 0s --publish mode=host,target=8080".split(
          " ",
        ),
        ...["--label", `interlock.hostname=${HOST}`, "--env", `NAME=${name}`, "--name", name],
        ...["--replicas", `${replicas}`, TINY],
      );
    /** Waits until a service has so many tasks of a version, and no other; those on their way out count. */
    const has = (service: string, count: number, name: string, node?: string) =>
      eventually(async () => {
        const ids = (await one.docker("service", "ps", "-q", "-f", "desired-state=running", service)).split(
          "\n",
        );
        const said = JSON.parse(await one.docker("inspect", ...ids)) as {
          readonly NodeID: string;
          readonly Status: { readonly State: string };
          readonly Spec: { readonly ContainerSpec: { readonly Env: readonly string[] } };
        }[];
        return said.length === count && said.every(({ NodeID, Status, Spec }) =>
          Status.State === "running" && Spec.ContainerSpec.Env.includes(`NAME=${name}`) &&
          (node === undefined || NodeID === node)
        );
      }, { what: `${service} to have ${count} tasks of ${name}`, limitMs: 60_000 });
    await create("web", 3);
    await has("web", 3, "web");
    await router.answers(HOST);
    const load = underLoad(router, HOST, stage);
    const lost = (what: string) => {
      const failed = load.endings.filter((ending) => ending !== 200);
      const kinds = [...new Set(failed)].join("; ");
      assert.equal(failed.length, 0, `${what}: ${failed.length} of ${load.endings.length} failed: ${kinds}`);
    };
    const update = (name: string, order: string) =>
      one.docker(
        ..."service update -d --no-resolve-image".split(" "),
        "--update-order",
        order,
        "--env-add",
        `NAME=${name}`,
        "web",
      );

    await update("second", "stop-first");
    await has("web", 3, "second");
    lost("an update that stops first");
    await update("third", "start-first");
    await has("web", 3, "third");
    lost("an update that starts first");
    await one.docker("service", "scale", "-d", "web=5");
    await has("web", 5, "third");
    await one.docker("service", "scale", "-d", "web=2");
    await has("web", 2, "third");
    lost("a service that grows and shrinks");
    for (const name of ["two", "three"]) await one.docker("node", "update", "--availability", "drain", name);
    const own = await one.docker("node", "inspect", "-f", "{{.ID}}", "self");
    await has("web", 2, "third", own);
    lost("a node that is drained");
    await create("other", 1);
    await has("other", 1, "other");
    await eventually(async () => (await router.get(HOST)).body === "other", {
      what: "the other service to serve",
    });
    await one.docker("service", "rm", "web");
    await eventually(async () => (await one.docker("ps", "-q")).split("\n").length === 1, {
      what: "its tasks to end",
      limitMs: 30_000,
    });
    lost("a service that is removed");
    await load.end();
    lost("all of it");
    assert.ok(load.endings.length > 500, `${load.endings.length} requests`);
    for (const name of ["two", "three"]) await one.docker("node", "update", "--availability", "active", name);
    if (hasBinary) await deployExamples(stage, one);
    await doFaults({ router, stage, manager: one, unlucky: two, stopped: three });
  },
);
