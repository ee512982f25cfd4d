/** Docker Swarm with three managers and two workers, which takes minutes: SIGNALBOX_TEST_ALL=1 has it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { live } from "./stage.ts";
import {
  createService,
  deployAndRedeploy,
  drain,
  hasTasks,
  undrain,
  updateAndScale,
  updateAtOnceAndBack,
} from "./swarm_changes.ts";
import { doFaults } from "./swarm_faults.ts";
import { type Load, underLoad } from "./swarm_load.ts";
import { loseManagers } from "./swarm_managers.ts";
import { type SwarmNodeStage, swarmOf } from "./swarm_nodes.ts";
import { tryFleet } from "./swarm_fleet.ts";
import { hasBinary } from "./swarm_stack.ts";
import { compareAddresses, compareNames } from "./swarm_static.ts";

const PUBLISH = ["--publish", "mode=host,target=8080"];
/** The machine does much beside. */
const PAUSE_MS = 10;

type Five = readonly [SwarmNodeStage, SwarmNodeStage, SwarmNodeStage, SwarmNodeStage, SwarmNodeStage];

live(
  "no request fails while a Swarm of five updates, drains, and loses managers, its leader, its majority and its workers",
  async (stage) => {
    const machines = await swarmOf(stage, ["one", "two", "three"], ["four", "five"]) as unknown as Five;
    const [one, two, three, four, five] = machines;
    const file = join(stage.folder, "engines");
    await Deno.writeTextFile(file, `${two.host}\n`);
    const router = await stage.router({ engine: null, flags: ["--docker-hosts-file", file] });
    const loadOf = (host: string) => underLoad(router, host, stage, PAUSE_MS);
    const told: string[] = [];
    const end = async (what: string, load: Load) => {
      await load.end();
      load.check(what);
      told.push(`${what}: ${load.told()}`);
    };

    await createService(one, {
      name: "web",
      host: "web.local",
      says: "first",
      flags: ["--replicas", "3", ...PUBLISH],
    });
    await hasTasks(one, "web", 3, "first");
    await router.answers("web.local");
    // It goes on reading from the manager that it was given first, which is not the leader.
    await Deno.writeTextFile(file, [two, one, three, five].map(({ host }) => `${host}\n`).join(""));
    const changed = loadOf("web.local");
    await updateAndScale(one, "web", changed);
    await updateAtOnceAndBack(one, "web", changed);
    for (const { name } of machines) {
      await drain(one, [name], "web", "third");
      changed.check(`${name} is drained`);
      await undrain(one, [name]);
    }
    await end("updates, scaling and drains", changed);
    await deployAndRedeploy(stage, router, one, loadOf);

    const managers = [one, two, three] as const;
    if (hasBinary) await tryFleet(stage, managers);
    const beside = { stage, router, manager: one, nodes: managers };
    for (const compare of [compareAddresses, compareNames]) {
      const { what, signalbox, fixed } = await compare(beside);
      told.push(`${what}: signalbox ${signalbox}; a fixed HAProxy ${fixed}`);
    }

    await createService(one, {
      name: "kept",
      host: "kept.local",
      says: "kept",
      flags: ["--replicas", "4", "--constraint", "node.role==worker", ...PUBLISH],
    });
    await hasTasks(one, "kept", 4, "kept");
    await router.answers("kept.local");
    const load = loadOf("kept.local");
    await loseManagers({ stage, router, managers, load });
    await end("managers", load);
    await doFaults({ stage, router, manager: one, unlucky: four, stopped: five, pauseMs: PAUSE_MS });
    console.log(told.join("\n"));
    assert.ok(load.endings.length > 500, `${load.endings.length} requests`);
  },
  { isIgnored: Deno.env.get("SIGNALBOX_TEST_ALL") !== "1" },
);
