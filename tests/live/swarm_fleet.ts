/** The stack of examples/swarm on several managers: their HAProxys have the same configuration, and share what they count. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { dockerAt } from "../harness/docker_cli.ts";
import { TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import type { Stage } from "./stage.ts";
import type { SwarmNodeStage } from "./swarm_nodes.ts";
import { deployEdge, importSignalbox } from "./swarm_stack.ts";

const HOST = "limited.example.com";
/** More than are sent to any of the others. */
const LIMIT = 30;

/** Deploys it with the nodes as peers, spends a limit at the first, and waits until the others know. */
export async function tryFleet(stage: Stage, managers: readonly SwarmNodeStage[]): Promise<void> {
  const [first, ...others] = managers;
  if (first === undefined) throw new Error("a fleet has a node");
  await importSignalbox(first);
  const image = join(stage.folder, "signalbox.tar");
  await dockerAt(first.host, "save", "-o", image, "signalbox");
  for (const { docker } of others) await docker("load", "-q", "-i", image);
  await Deno.remove(image);
  await deployEdge(stage, first, (text) =>
    text
      .replace(
        /^( *)(SIGNALBOX_COOKIE_KEY_FILE: .*)$/m,
        `$1$2\n$1SIGNALBOX_PEER_PORT: "10000"\n$1SIGNALBOX_PEER_BIND: 0.0.0.0:10000`,
      )
      .replace(
        /^( *)(- \{ mode: host, target: 443, .*)$/m,
        "$1$2\n$1- { mode: host, target: 10000, published: 10000 }",
      ));
  const labels = { hostname: HOST, port: "8080", rate_limit: `${LIMIT}/1h` };
  await first.docker(
    ..."service create -d --no-resolve-image --name limited --network web".split(" "),
    ...Object.entries(labels).flatMap(([key, value]) => ["--label", `interlock.${key}=${value}`]),
    TINY,
  );
  const ask = async ({ address }: SwarmNodeStage) =>
    (await httpGet({ port: 80, address, host: HOST, limitMs: 3_000 })).status;
  for (const node of managers) {
    await eventually(async () => await ask(node) === 200, { what: `${node.name} to serve`, limitMs: 90_000 })
      .catch(async (error) => {
        throw new Error(
          `${error}\n${await first.docker("service", "ps", "--no-trunc", "edge_signalbox", "limited")}`,
        );
      });
  }
  // Each hears of the last change by itself.
  await eventually(async () => {
    const configs = await Promise.all(managers.map(configOf));
    const shared = configs.map((text) => text.replace(/^ {4}peer \w+ \S+:10000$/gm, "").split("\n"));
    const [lines = [], ...theirs] = shared;
    for (const their of theirs) {
      const at = lines.findIndex((line, at) => line !== their[at]);
      assert.equal(`${lines[at]}`, `${their[at]}`);
      assert.equal(their.length, lines.length);
    }
    const peers = configs.map((text) => text.match(/^ {4}peer .*$/gm)?.length);
    assert.deepEqual(peers, managers.map(() => managers.length));
    return true;
  }, { what: "the managers to have the same configuration", limitMs: 20_000 });
  await eventually(async () => await ask(first) === 429, { what: "the limit to be spent at the first" });
  for (const node of others) {
    let asked = 0;
    await eventually(async () => {
      assert.ok(++asked < LIMIT - 1, "it counts by itself");
      return await ask(node) === 429;
    }, { what: `${node.name} to know of the limit`, everyMs: 500, limitMs: 14_000 });
  }
  await first.docker("service", "rm", "limited");
  await first.docker("stack", "rm", "edge");
}

/** The haproxy.cfg of a node's signalbox. */
async function configOf({ docker, enter }: SwarmNodeStage): Promise<string> {
  const id = await docker("ps", "-q", "-f", "name=edge_signalbox");
  const pid = await docker("inspect", "-f", "{{.State.Pid}}", id);
  const [command, ...args] = await enter();
  const file = `/proc/${pid}/root/run/signalbox/current/haproxy.cfg`;
  const { stdout } = await new Deno.Command(command, { args: [...args, "cat", file] }).output();
  return new TextDecoder().decode(stdout);
}
