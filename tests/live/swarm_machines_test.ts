/** Docker Swarm on three machines: signalbox is on none of them, and knows of most tasks from the manager alone. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { live } from "./stage.ts";
import { createService, drain, hasTasks, undrain, updateAndScale } from "./swarm_changes.ts";
import { doFaults } from "./swarm_faults.ts";
import { underLoad } from "./swarm_load.ts";
import { swarmOf } from "./swarm_nodes.ts";
import { deployExamples, hasBinary } from "./swarm_stack.ts";

const HOST = "web.local";
const PUBLISH = ["--publish", "mode=host,target=8080"];

live(
  "no request fails while a Swarm updates, scales, drains and removes services, and loses its workers one by one",
  async (stage) => {
    const machines = await swarmOf(stage, ["one"], ["two", "three"]);
    const [one, two, three] = machines;
    if (one === undefined || two === undefined || three === undefined) throw new Error("three machines");
    const router = await stage.router({ engine: one.host, flags: ["--docker-host", three.host] });
    const create = (name: string, replicas: number) =>
      createService(one, { name, host: HOST, says: name, flags: ["--replicas", `${replicas}`, ...PUBLISH] });
    await create("web", 3);
    await hasTasks(one, "web", 3, "web");
    await router.answers(HOST);
    const load = underLoad(router, HOST, stage);
    await updateAndScale(one, "web", load);
    await drain(one, ["two", "three"], "web", "third");
    load.check("nodes that are drained");
    await create("other", 1);
    await hasTasks(one, "other", 1, "other");
    await eventually(async () => (await router.get(HOST)).body === "other", {
      what: "the other service to serve",
    });
    await one.docker("service", "rm", "web");
    await eventually(async () => (await one.docker("ps", "-q")).split("\n").length === 1, {
      what: "its tasks to end",
      limitMs: 90_000,
    });
    load.check("a service that is removed");
    await load.end();
    load.check("all of it");
    assert.ok(load.endings.length > 500, `${load.endings.length} requests`);
    await undrain(one, ["two", "three"]);
    if (hasBinary) await deployExamples(stage, one);
    await doFaults({ router, stage, manager: one, unlucky: two, stopped: three });
  },
);
