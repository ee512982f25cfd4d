/** What a route asks of the frontend comes, changes and goes by commands, on the oldest HAProxy that takes servers too. */
import assert from "node:assert/strict";
import { type FoundCertificates, NO_CERTIFICATES } from "../../../lib/core/certificates/certificate.ts";
import { Design } from "../../../lib/core/config/design.ts";
import { BUILTIN_TEMPLATES, compileTemplates } from "../../../lib/core/config/templates.ts";
import { keysOf } from "../../../lib/core/keys/options.ts";
import { type KeyName, keyNamed } from "../../../lib/core/keys/route_keys.ts";
import { parseErrorPages } from "../../../lib/core/model/error_pages.ts";
import { planChange } from "../../../lib/core/plan/plan.ts";
import { emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { runningAfterLoad } from "../../../lib/core/state/running.ts";
import { container, network, port, SETTINGS } from "../containers.ts";
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

type Words = Readonly<Record<string, unknown>>;

/** What is wanted where containers say these things, the oldest first. */
function build(...all: readonly Words[]) {
  const containers = all.map((said, at) =>
    container(`web${at}`, {
      createdAt: at,
      interlockData: JSON.stringify(said),
      networks: [network("bridge", `172.17.0.${at + 2}`)],
    })
  );
  return design.build({ ...emptySnapshot, containers }, undefined, undefined, certificates);
}

/** The same where nothing is wrong with it, and one host is served. */
function wanted(...all: readonly Words[]) {
  const { model, notices } = build(...all);
  assert.deepEqual(notices.filter(({ severity }) => severity === "warning"), []);
  assert.equal(model.backends.length, 1);
  return design.render(model);
}

/** Its rules stand in the config only where a route has it. */
const OF_A_FILTER: KeyName = "cache";

Deno.test("the first route that caches is a reload, and so is the end of the last one; others come and go without", () => {
  const said = [{ hostname: "a.example.com" }, { hostname: "b.example.com" }, { hostname: "c.example.com" }];
  const of = (...caching: readonly number[]) =>
    design.render(build(...said.map((words, at) => ({ ...words, cache: caching.includes(at) }))).model);
  for (
    const [before, after, kind] of [
      [of(), of(0), "reload"],
      [of(0), of(0, 1), "runtime"],
      [of(0, 1), of(1, 2), "runtime"],
      [of(1, 2), of(2), "runtime"],
      [of(2), of(), "reload"],
    ] as const
  ) assert.equal(planChange(runningAfterLoad(before, new Map()), after, new Map(), ON_2_6).kind, kind);
});

for (const key of keysOf("route").filter((key) => key !== OF_A_FILTER)) {
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

/** The operator's files that these name are tried on HAProxy itself (backend_tls_test.ts). */
const OF_FILES: readonly KeyName[] = ["ssl_backend_ca", "ssl_backend_cert"];

for (const key of keysOf("server").filter((key) => !OF_FILES.includes(key))) {
  const { kind, needs } = keyNamed(key);
  const { sample, right } = KEY_ROWS[key];
  const beside = needs && { [needs.key]: KEY_ROWS[needs.key as KeyName].sample[0] };
  const base = { hostname: "web.example.com", ...beside };

  Deno.test(`${key} (${kind}) comes with a server that joins, and goes with it, without a reload`, () => {
    for (const value of [sample[0], ...right]) {
      const [alone, both] = [wanted(base), wanted(base, { ...base, [key]: value })];
      for (const [before, after] of [[alone, both], [both, alone]] as const) {
        const plan = planChange(runningAfterLoad(before, new Map()), after, new Map(), ON_2_6);
        // The first certificate that is checked has HAProxy read the system's authorities.
        const isFirst = value === "required" && after === both;
        assert.equal(
          plan.kind,
          isFirst ? "reload" : "runtime",
          `${JSON.stringify(value)}: ${JSON.stringify(plan)}`,
        );
      }
    }
  });
}

/** Keys that say which requests a route is for; those of listeners for TCP are in tests/changes. */
const OF_REQUESTS = [
  ...[
    "enable",
    "hostname",
    "hosts",
    "domain",
    "alias_domains",
    "host_regex",
    "default_host",
    "port",
  ] as const,
  ...[
    "network",
    "context_root",
    "methods",
    "match_headers",
    "match_query",
    "match_cookies",
    "share",
  ] as const,
];

for (const key of OF_REQUESTS) {
  Deno.test(`${key} (${keyNamed(key).kind}) comes, changes and goes without a reload`, () => {
    const base = { hostname: "web.example.com" };
    const { sample, right } = KEY_ROWS[key];
    let before = design.render(build(base).model);
    for (const said of [...[sample[0], ...right].map((value) => ({ ...base, [key]: value })), base]) {
      const after = design.render(build(said).model);
      const plan = planChange(runningAfterLoad(before, new Map()), after, new Map(), ON_2_6);
      assert.ok(
        ["runtime", "nothing", "keep"].includes(plan.kind),
        `${JSON.stringify(said)}: ${JSON.stringify(plan)}`,
      );
      before = after;
    }
  });
}
