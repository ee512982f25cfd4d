/** Someone types into HAProxy's socket: what drifted is told and put right. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { FaultStage } from "./stage.ts";

/** HAProxy is compared with what it should have every 10 s. */
const AUDIT_LIMIT_MS = 15_000;

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
  const hand = [
    `disable server ${server("disabled.example")}`,
    `set server ${server("drained.example")} state drain`,
    `del map hosts.map moved.example/`,
    `add map hosts.map stranger.example/ untouched.example`,
    `set server ${server("deleted.example")} state maint`,
    `del server ${server("deleted.example")}`,
  ];
  const from = program.lines.length;
  for (const command of hand) await stage.ask(command);
  // What was typed has done its harm.
  assert.equal((await stage.get("disabled.example")).status, 503);
  assert.equal((await stage.get("moved.example")).status, 404);
  assert.equal((await stage.get("stranger.example")).status, 200);
  await stage.says(program, /"level":"warn".*HAProxy drifted.*put right/, from, AUDIT_LIMIT_MS);
  for (const host of hosts) await stage.answers(host, 200, AUDIT_LIMIT_MS);
  await stage.answers("stranger.example", 404, AUDIT_LIMIT_MS);
  await eventually(async () => (await stage.status()).trouble === undefined, {
    what: "no trouble to be left",
  });
});
