/** What is wanted, where HAProxy refuses a part of it. */
import assert from "node:assert/strict";
import { Quarantine } from "../../lib/apply/quarantine.ts";
import { Design } from "../../lib/core/config/design.ts";
import { BUILTIN_TEMPLATES, compileTemplates } from "../../lib/core/config/templates.ts";
import type { Model } from "../../lib/core/model/model.ts";
import { Designer } from "../../lib/loop/designer.ts";
import { container, SETTINGS } from "../core/containers.ts";

const SNAPSHOT = {
  containers: [container("web"), container("shop")],
  stopping: new Set<never>(),
  starting: new Set<never>(),
};
const pure = new Design(SETTINGS, compileTemplates(BUILTIN_TEMPLATES));
const NOTHING_LOADED = { loadedConfig: () => Promise.resolve(undefined) };
const hostsOf = ({ backends }: Model) => backends.map(({ host }) => host);

Deno.test("signalbox designs anew without the certificates that HAProxy refuses, and once where it refuses none", async () => {
  for (const refusals of [0, 2]) {
    let builds = 0;
    let checks = 0;
    const designer = new Designer({
      design: {
        build: (snapshot, inUse) => {
          builds++;
          return pure.build(snapshot, inUse);
        },
        render: (model) => pure.render(model),
      },
      quarantine: new Quarantine(),
      checks: { refusesCertificates: () => Promise.resolve(checks++ < refusals) },
      believed: { running: undefined },
      haproxy: NOTHING_LOADED,
    });
    const { desired } = await designer.design(SNAPSHOT, new Map(), new AbortController().signal);
    assert.deepEqual(hostsOf(desired.model), ["shop.example.com", "web.example.com"]);
    assert.equal(builds, refusals + 1);
  }
});

Deno.test("a route that HAProxy refuses is no part of what is wanted, and a notice says so", async () => {
  const quarantine = new Quarantine();
  const { model } = pure.build(SNAPSHOT);
  const isValid = (model: Model) => !hostsOf(model).some((host) => host === "shop.example.com");
  assert.ok(
    await quarantine.search(
      model,
      (part) => Promise.resolve({ isValid: isValid(part), detail: "unknown keyword" }),
    ),
  );
  const designer = new Designer({
    design: pure,
    quarantine,
    checks: { refusesCertificates: () => Promise.resolve(false) },
    believed: { running: undefined },
    haproxy: NOTHING_LOADED,
  });
  const { built, desired } = await designer.design(SNAPSHOT, new Map(), new AbortController().signal);
  assert.deepEqual(hostsOf(desired.model), ["web.example.com"]);
  assert.equal(built.model, desired.model);
  assert.deepEqual(built.notices.map(({ code, subject }) => [code, subject]), [
    ["refused", "shop.example.com"],
  ]);
});
