/** `signalbox status` on a router with something of everything. */
import assert from "node:assert/strict";
import type { Status } from "../../lib/core/status/status.ts";
import { docker, startContainer, WITNESS } from "../harness/engine.ts";
import { eventually, runProgram } from "../harness/program.ts";
import { live, type Router } from "./stage.ts";

/** A backend with a session, in what `show stat` says (manual of the socket, 9.1: pxname, svname, qcur, qmax, scur). */
const UNDER_WAY = /^[^#,]+,BACKEND,\d+,\d+,[1-9]/m;

async function ask(router: Router): Promise<{ status: Status; text: string }> {
  const words = ["status", "--state-dir", router.stateDir];
  const [json, text] = [await runProgram([...words, "--json"]), await runProgram(words)];
  assert.equal(json.code, 0, json.stderr);
  return { status: JSON.parse(json.stdout), text: text.stdout };
}

live(
  "status tells of ready, waiting and draining servers, of old workers, the last reload and what was wrong",
  async (stage) => {
    const router = await stage.router();
    const slow = { image: WITNESS, env: { NAME: "slow" } } as const;
    const stays = await startContainer({
      ...slow,
      flags: ["--name", "st-stays", "--hostname", "status.local"],
    });
    const leaves = await startContainer({
      ...slow,
      flags: ["--name", "st-leaves", "--hostname", "leaving.local"],
    });
    await startContainer({
      flags: ["--hostname", "wrong.local"],
      labels: { "interlock.health_check_interval": "perhaps" },
    });
    const never = { NAME: "never", LISTEN_AFTER_MS: "600000" };
    await startContainer({
      image: WITNESS,
      env: never,
      flags: ["--name", "st-never", "--hostname", "status.local"],
    });
    for (const host of ["status.local", "leaving.local", "wrong.local"]) await router.answers(host);

    // Each is finished by a worker of its own; both go on until they are released.
    const held = { limitMs: 120_000 };
    const old = router.get("status.local", "/held", held);
    await eventually(async () => UNDER_WAY.test(await router.ask("show stat")), {
      what: "the request to come in",
    });
    router.program.kill("SIGHUP");
    await router.program.waitForEntry({ event: "reloaded" });
    const last = router.get("leaving.local", "/held", held);
    await eventually(async () => UNDER_WAY.test(await router.ask("show stat")), {
      what: "the request to come in at the new worker",
    });
    const stopping = docker("stop", "-t", "60", leaves);
    const servers = (status: Status) => status.routes.flatMap(({ servers }) => servers);
    const { status, text } = await eventually(async () => {
      const answer = await ask(router);
      const states = new Set(servers(answer.status).map(({ state }) => state));
      // A master of 2.6 that has just executed itself anew tells of its old workers a moment later.
      if (states.size < 3 || answer.status.haproxy.oldWorkers === 0) throw new Error(answer.text);
      return answer;
    }, { what: "a server in each state" });

    const [source] = status.sources;
    assert.ok(source?.isConnected && source.containers === 4, JSON.stringify(source));
    assert.ok(
      status.haproxy.isServing && (status.haproxy.pid ?? 0) > 1 && status.haproxy.version !== undefined,
    );
    assert.equal(status.haproxy.oldWorkers, 1);
    assert.deepEqual(status.lastReload?.reasons, ["SIGHUP"]);
    assert.deepEqual(status.routes.map(({ route }) => route), [
      "leaving.local",
      "status.local",
      "wrong.local",
    ]);
    const find = (name: string) => servers(status).find(({ container }) => container === name);
    assert.equal(find("st-stays")?.state, "ready");
    assert.equal(find("st-leaves")?.state, "draining");
    assert.match(`${find("st-never")?.state} ${find("st-never")?.why}`, /^waiting .*refuse/);
    assert.match(status.notices.map(({ message }) => message).join("\n"), /perhaps/);

    assert.match(text, /^containers: unix:.*: connected \(.*\), 4 running$/m);
    assert.match(
      text,
      /^haproxy: \d+\.\d+\S*, pid \d+, up \d+ s; 1 old worker draining, started \d+ s ago$/m,
    );
    assert.match(text, /^last reload: .* took \d+ ms: SIGHUP \(/m);
    assert.match(text, /^ {4}st-never at \S+ is waiting: .*refuse/m);
    assert.match(text, /^ {4}st-leaves at \S+ is draining/m);
    assert.match(text, /^warning: .*perhaps/m);

    for (const id of [stays, leaves]) await docker("kill", "-s", "USR1", id);
    assert.deepEqual([(await old).status, (await last).status], [200, 200]);
    await stopping;
    await eventually(async () => (await ask(router)).status.haproxy.oldWorkers === 0, {
      what: "the old worker to end",
    });
  },
);
