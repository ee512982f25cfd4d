/** What a route asks of the frontend comes, changes and goes by commands, on the oldest HAProxy that takes servers too. */
import assert from "node:assert/strict";
import { type FoundCertificates, NO_CERTIFICATES } from "../../../lib/core/certificates/certificate.ts";
import { Design } from "../../../lib/core/config/design.ts";
import { BUILTIN_TEMPLATES, compileTemplates } from "../../../lib/core/config/templates.ts";
import { keysOf } from "../../../lib/core/keys/options.ts";
import { keyNamed } from "../../../lib/core/keys/route_keys.ts";
import { parseErrorPages } from "../../../lib/core/model/error_pages.ts";
import { planChange } from "../../../lib/core/plan/plan.ts";
import { emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { runningAfterLoad } from "../../../lib/core/state/running.ts";
import { container, port, SETTINGS } from "../containers.ts";
import { KEY_ROWS } from "../key_rows.ts";

const { sample: [set], right: sets } = KEY_ROWS.error_pages;
const errorPages = parseErrorPages(
  new Map([set, ...sets].map((set) => [`${set}/503.html`, "<h1>Back soon</h1>"])),
  16_384,
);
const design = new Design(
  {
    ...SETTINGS,
    frontend: {
      ...SETTINGS.frontend,
      tls: { port: port(443), options: "", profile: "intermediate" as const },
      errorPages: errorPages.ok ? errorPages.value : undefined,
    },
  },
  compileTemplates(BUILTIN_TEMPLATES),
);
/** What routes name in the operator's folders. */
const files = [KEY_ROWS.client_ca.sample[0], ...KEY_ROWS.client_ca.right];
const certificates: FoundCertificates = {
  ...NO_CERTIFICATES,
  authorities: files.map((name) => ({
    use: "clients",
    path: `/ca/${name}`,
    name,
    pem: "",
    content: name,
    fingerprint: name,
    nameHashes: ["0d9f".repeat(16)],
  })),
};
const ON_2_6 = { canAddServers: true, canAddBackends: false };

/** What is wanted where a container says these things. */
function wanted(said: Readonly<Record<string, unknown>>) {
  const web = container("web", { interlockData: JSON.stringify(said) });
  const snapshot = { ...emptySnapshot, containers: [web] };
  const { model, notices } = design.build(snapshot, undefined, undefined, certificates);
  assert.deepEqual(notices.filter(({ severity }) => severity === "warning"), []);
  assert.equal(model.backends.length, 1);
  return design.render(model);
}

for (const key of keysOf("route")) {
  const { kind, needs } = keyNamed(key);
  const { sample, right } = KEY_ROWS[key];
  // A path that several keys need; each value of the key, and then the key with none.
  const base = {
    hostname: "web.example.com",
    ...(needs && { [needs.key]: KEY_ROWS[needs.key as "context_root"].sample[0] }),
  };
  const values = [...new Set([sample[0], ...right])].map((value) => ({ ...base, [key]: value }));

  Deno.test(`${key} (${kind}) comes, changes and goes without a reload`, () => {
    let before = wanted(base);
    for (const said of [...values, base]) {
      const after = wanted(said);
      const plan = planChange(runningAfterLoad(before, new Map()), after, new Map(), ON_2_6);
      assert.ok(
        plan.kind === "runtime" || plan.kind === "nothing",
        `${JSON.stringify(said)}: ${JSON.stringify(plan)}`,
      );
      before = after;
    }
  });

  Deno.test(`${key} (${kind}) comes with a new host on any spare`, () => {
    const nothing = design.render(design.build(emptySnapshot).model);
    for (const said of values) {
      const plan = planChange(runningAfterLoad(nothing, new Map()), wanted(said), new Map(), ON_2_6);
      assert.equal(plan.kind, "runtime", `${JSON.stringify(said)}: ${JSON.stringify(plan)}`);
    }
  });
}
