/** Someone types into HAProxy's socket: what drifted is told and put right. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { eventLine, holding } from "../harness/events.ts";
import { FaultStage } from "./stage.ts";

/** HAProxy is compared with what it should have every 10 s. */
const AUDIT_LIMIT_MS = 40_000;

Deno.test("what someone changes on HAProxy's socket by hand is told and put right by the next audit", async () => {
  const hosts = ["disabled", "drained", "moved", "deleted", "untouched"].map((name) => `${name}.example`);
  await using stage = await FaultStage.open(...hosts.map((host) => ({ host })));
  const program = stage.start();
  for (const host of hosts) await stage.answers(host);
  const states = (await stage.ask("show servers state")).split("\n").map((line) => line.split(" "));
  const server = (host: string) => {
    const found = states.find((fields) => fields[1] === host);
    assert.ok(found, host);
    return `${host}/${found[3]}`;
  };
  const deleted = server("deleted.example");
  const from = program.lines.length;
  // In one breath, and looked at in the same: an audit may come at any time.
  const done = await stage.ask([
    `disable server ${server("disabled.example")}`,
    `set server ${server("drained.example")} state drain`,
    `del map hosts.map moved.example/`,
    `add map hosts.map stranger.example/ untouched.example`,
    `show map hosts.map`,
    `show servers state disabled.example`,
  ].join(";"));
  assert.match(done, / stranger\.example\/ untouched\.example$/m);
  assert.doesNotMatch(done, / moved\.example\/ /);
  // The columns srv_op_state and srv_admin_state: stopped, in maintenance.
  assert.match(done, / disabled\.example \d+ \S+ \S+ 0 1 /);
  // Refused as long as a connection of the request before hangs on it.
  await eventually(async () => {
    const said = await stage.ask(`set server ${deleted} state maint;del server ${deleted}`);
    return said.includes("Server deleted");
  }, { what: `${deleted} to be deleted` });
  await stage.says(program, eventLine("drifted"), from, AUDIT_LIMIT_MS);
  for (const host of hosts) await stage.answers(host, 200, AUDIT_LIMIT_MS);
  await stage.answers("stranger.example", 404, AUDIT_LIMIT_MS);
  await eventually(async () => (await stage.status()).trouble === undefined, {
    what: "no trouble to be left",
  });
});

Deno.test("routes that someone changes by hand are told one by one, and put right without a reload", async () => {
  const hosts = ["removed", "turned", "untouched"].map((name) => `${name}.example`);
  await using stage = await FaultStage.open(...hosts.map((host) => ({ host })));
  const program = stage.start();
  for (const host of hosts) await stage.answers(host);
  const { reloads } = await stage.status();
  const from = program.lines.length;
  const done = await stage.ask([
    "del map hosts.map removed.example/",
    "add map hosts.map stranger.example/ untouched.example",
    "set map hosts.map turned.example/ untouched.example",
    "show map hosts.map",
  ].join(";"));
  assert.match(done, / turned\.example\/ untouched\.example$/m);
  for (const [host, what] of [["removed", "removed"], ["stranger", "added"], ["turned", "led elsewhere"]]) {
    const line = { event: "drifted", detail: holding(`${host}.example/ was ${what}`) } as const;
    await stage.says(program, line, from, AUDIT_LIMIT_MS);
  }
  for (const host of hosts) await stage.answers(host);
  await stage.answers("stranger.example", 404);
  await eventually(
    async () => (await stage.ask("show map hosts.map")).match(/ turned\.example\|,\|turned\.example$/m),
    {
      what: "the route to lead to its own backend again",
    },
  );
  assert.equal((await stage.status()).reloads, reloads, "no reload was needed");
});

Deno.test("a server that someone led to another address, or gave another weight, is put right by the next audit", async () => {
  const hosts = ["moved.example", "weighed.example", "untouched.example"];
  await using stage = await FaultStage.open(...hosts.map((host) => ({ host })));
  const program = stage.start();
  for (const host of hosts) await stage.answers(host);
  const before = await stage.ask("show servers state");
  const rows = (text: string) =>
    text.split("\n").map((line) => line.split(" ")).filter((row) => row.length > 18);
  const server = (host: string) => `${host}/${rows(before).find((row) => row[1] === host)?.[3]}`;
  for (
    const [host, order] of [["moved.example", "addr 127.0.0.1 port 1"], ["weighed.example", "weight 50%"]]
  ) {
    const from = program.lines.length;
    await stage.ask(`set server ${server(host ?? "")} ${order}`);
    await stage.says(
      program,
      { event: "drifted", detail: holding(host ?? "") },
      from,
      AUDIT_LIMIT_MS,
    );
    await stage.answers(host ?? "", 200, AUDIT_LIMIT_MS);
  }
  const endpoints = (text: string) => rows(text).map((row) => [row[3], row[4], row[7], row[18]]).sort();
  await eventually(async () => {
    assert.deepEqual(endpoints(await stage.ask("show servers state")), endpoints(before));
    return true;
  }, { what: "all servers to be as they were" });
});
