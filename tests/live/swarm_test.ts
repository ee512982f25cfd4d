/** A service of Docker Swarm on the engine that is followed: its tasks are containers like others. */
import assert from "node:assert/strict";
import { TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { ownEngine } from "./own_engine.ts";
import { askWhile, live } from "./stage.ts";

const HOST = "swarm.local";

live("no request fails while Swarm updates a service, task by task", async (stage) => {
  const engine = await ownEngine(stage);
  const local = `127.0.0.1:${freePort()}`;
  await engine.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", local);
  // With the services go their tasks, and the networks of the swarm.
  stage.defer(() => engine.docker("swarm", "leave", "--force"));
  const router = await stage.router({ engine: engine.host });
  const describe = [
    "--hostname",
    HOST,
    "--replicas",
    "3",
    "--env",
    "NAME=old",
    "--update-order",
    "start-first",
  ];
  await engine.docker("service", "create", "-d", "--name", "web", "--no-resolve-image", ...describe, TINY);
  await router.answers(HOST);
  const tasks = async () =>
    (await engine.docker("ps", "-q", "--filter", "label=com.docker.swarm.service.name=web")).split("\n");
  await eventually(async () => (await tasks()).length === 3, { what: "three tasks", limitMs: 90_000 });
  const before = new Set(await tasks());
  const bodies = new Set<string>();
  const endings = await askWhile(async () => {
    const answer = await router.get(HOST);
    bodies.add(answer.body);
    return answer;
  }, async () => {
    await engine.docker("service", "update", "-d", "--no-resolve-image", "--env-add", "NAME=new", "web");
    await eventually(async () => {
      const now = await tasks();
      return now.length === 3 && now.every((task) => !before.has(task)) &&
        (await router.get(HOST)).body === "new";
    }, { what: "the service to be updated", limitMs: 120_000 });
  });
  assert.deepEqual(
    [...new Set(endings)],
    [200],
    `${endings.filter((each) => each !== 200).length} of ${endings.length}`,
  );
  assert.deepEqual([...bodies].sort(), ["new", "old"]);
});
