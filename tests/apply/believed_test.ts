/** What HAProxy has is written in one place, and nowhere by whoever reads it. */
import assert from "node:assert/strict";
import { NO_TCP } from "../../lib/core/config/tcp_part.ts";
import { Believed } from "../../lib/apply/believed.ts";
import { HOSTS_MAP, type TableKey, type TableValue } from "../../lib/core/values/table.ts";
import type { Running } from "../../lib/core/state/running.ts";
import type { ServerName } from "../../lib/core/values/names.ts";

const WEB = "www.example.com:web:80" as ServerName;

const found = (): Running => ({
  files: new Map(),
  fixed: "",
  tcp: NO_TCP,
  resolvers: "",
  defaults: new Map(),
  sections: new Map([["web", {
    shape: "",
    isSpare: false,
    isDynamic: true,
    isPublished: true,
    servers: new Map([[WEB, { line: "10.0.0.1:80", state: "ready", isLeaving: false }]]),
  }]]),
  tables: new Map([[HOSTS_MAP, new Map([["www.example.com/" as TableKey, "web" as TableValue]])]]),
  bindings: new Map(),
  certificates: new Map(),
});

const toMaint = { kind: "set-state", section: "web", server: WEB, state: "maint" } as const;

Deno.test("what was adopted is a copy: what HAProxy is told changes nothing of what was found", () => {
  const believed = new Believed();
  const running = found();
  believed.adopted(running);
  believed.did(toMaint, true);
  assert.equal(believed.running?.sections.get("web")?.servers.get(WEB)?.state, "maint");
  assert.deepEqual(running, found());
});

Deno.test("HAProxy is unchanged since a version only once everything that it was told is answered", async () => {
  const believed = new Believed();
  believed.adopted(found());
  const { promise, resolve } = Promise.withResolvers<void>();
  const before = believed.version;
  assert.equal(believed.isUnchangedSince(before), true);
  believed.telling([toMaint], promise);
  const meanwhile = believed.version;
  assert.equal(believed.isUnchangedSince(before), false);
  assert.equal(believed.isUnchangedSince(meanwhile), false, "it may not have done it yet");
  resolve();
  await promise;
  assert.equal(believed.isUnchangedSince(meanwhile), false, "it has done it since");
  const after = believed.version;
  assert.equal(believed.isUnchangedSince(after), true);
});

Deno.test("each of what HAProxy did, loaded, lost, or was changed in by others is another version", () => {
  const believed = new Believed();
  const versions = [believed.version];
  const note = () => void versions.push(believed.version);
  believed.adopted(found());
  note();
  believed.did(toMaint, true);
  note();
  const server = { line: "10.0.0.1:80", state: "ready", isLeaving: false } as const;
  believed.drifted({
    told: ["it was made ready by someone else"],
    reloadReason: undefined,
    servers: [{ section: "web", name: WEB, server }],
    rows: new Map([[HOSTS_MAP, new Map([["www.example.com/" as TableKey, undefined]])]]),
    certificates: new Map(),
  });
  note();
  assert.equal(believed.running?.sections.get("web")?.servers.get(WEB)?.state, "ready");
  assert.equal(believed.running?.tables.get(HOSTS_MAP)?.size, 0);
  believed.lost();
  note();
  assert.equal(new Set(versions).size, versions.length);
  const { version } = believed;
  believed.saved(new Map());
  assert.equal(believed.version, version, "files on the disk are nothing that HAProxy was told");
});
