/** Whatever containers say, it costs their own routes at most. HAProxy itself is asked in tests/faults/fuzz_test.ts. */
import assert from "node:assert/strict";
import { buildModel } from "../../lib/core/model/build_model.ts";
import { renderDesired } from "../../lib/core/config/render.ts";
import { compileTemplates } from "../../lib/core/config/templates.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { formatNotice } from "../../lib/core/values/notice.ts";
import { sectionsOf, strangeLines, strangeRows, withoutTcp } from "./config_lines.ts";
import { port, SETTINGS as PLAIN } from "./containers.ts";
import { GOOD, hostileContainers, inspectedAs } from "./hostile.ts";

const SETTINGS = { ...PLAIN, tcpPorts: [{ first: port(1), last: port(65_535) }] };
const templates = compileTemplates({});

function flow(containers: readonly unknown[]) {
  const snapshot = decodeSnapshot(JSON.stringify(containers));
  assert.ok(snapshot.ok, snapshot.ok ? "" : snapshot.expected);
  const built = buildModel(snapshot.value, SETTINGS);
  const desired = renderDesired(built.model, templates, SETTINGS);
  return {
    ...built,
    config: desired.files.get("haproxy.cfg") ?? "",
    map: desired.files.get("hosts.map") ?? "",
    tables: desired.tables,
  };
}

const alone = flow([GOOD]);
/** The first route that caches changes what HAProxy does with requests that nobody answered: fewer tries for all. */
const besideCache = flow([
  GOOD,
  inspectedAs(1, { Hostname: "caches.example", Env: ['INTERLOCK_DATA={"cache":true}'] }),
]);

/** The section of the good container with its comments, and its lines of hosts.map: others may ask for some of its requests. */
function goodPart({ config, map }: { config: string; map: string }) {
  return {
    section: config.split(/\n\n/).find((block) => /^backend good\.example$/m.test(block)),
    routes: map.split("\n").map((line) => line.replace("|,variants,|", "|,|")).filter((line) =>
      line.endsWith(" good.example|,|good.example")
    ),
  };
}

function assertUntouched(flowed: ReturnType<typeof flow>): void {
  const expected = / cache-use /.test(flowed.config) ? besideCache : alone;
  assert.deepEqual(goodPart(flowed), goodPart(expected));
  assert.deepEqual(strangeLines(flowed.config, flowed.model), []);
  assert.deepEqual(strangeRows(flowed.tables, flowed.model), []);
  // What stands before the backends changes by the lines that look up wildcards alone, and by those of a cache.
  const fixed = (config: string) =>
    withoutTcp(sectionsOf(config)).slice(0, 4).map(({ head, lines }) => [
      head,
      ...lines.filter((line) =>
        !/ set-var\(txn\.(?:parent|route|target)\) .* unless \{ var\(txn\.target\) -m found \}$/.test(line) &&
        !/ set-var\(txn\.(?:only|wild|hidden)/.test(line) &&
        !/ set-var\(txn\.(?:parent|variants)\) .*(?:field\(2|txn\.parent)/.test(line)
      ),
    ]);
  assert.deepEqual(fixed(flowed.config), fixed(expected.config));
  for (const notice of flowed.notices) {
    const line = formatNotice(notice);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]/);
    assert.ok(line.length < 1_500, `a notice of ${line.length} characters: ${line.slice(0, 200)}`);
  }
}

Deno.test("hostile containers, fifty for each of a hundred seeds, touch nobody else's route", () => {
  for (let seed = 1; seed <= 100; seed++) {
    try {
      assertUntouched(flow([GOOD, ...hostileContainers(seed, 50)]));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

const says = (data: string, more: Record<string, unknown> = {}) =>
  inspectedAs(1, { Hostname: "bad.example", Env: [`INTERLOCK_DATA=${data}`], ...more });

Deno.test("INTERLOCK_DATA of a megabyte costs its own route at most, with a notice", () => {
  const flowed = flow([GOOD, says(JSON.stringify({ hostname: "x".repeat(1_000_000) }))]);
  assertUntouched(flowed);
  assert.ok(flowed.notices.length > 0);
  assert.ok(flowed.config.length < alone.config.length + 2_000);
});

Deno.test("JSON that is nested a hundred thousand deep costs its own route at most, with a notice", () => {
  for (const deep of ["[".repeat(100_000), `${"[".repeat(100_000)}${"]".repeat(100_000)}`]) {
    const value = `{"alias_domains":${deep}}`;
    for (const data of [deep, value]) {
      const flowed = flow([GOOD, says(data)]);
      assertUntouched(flowed);
      assert.ok(flowed.notices.length > 0);
    }
  }
});

Deno.test("of a key that comes twice the last one counts, as JSON has it, with a notice", () => {
  const flowed = flow([GOOD, says('{"hostname":"one.example","hostname":"two.example"}')]);
  assertUntouched(flowed);
  assert.ok(flowed.notices.some(({ message }) => message.includes('has "hostname" more than once')));
  assert.deepEqual(
    flowed.model.routes.map(({ host }) => host).filter((host) => !host.endsWith("good.example")),
    ["two.example"],
  );
});

Deno.test("ten thousand aliases cost a notice each at most, and hurt nobody", () => {
  const aliases = Array.from({ length: 10_000 }, (_, at) => `a${at}.example`);
  const flowed = flow([GOOD, says(JSON.stringify({ alias_domains: ["good.example", ...aliases] }))]);
  assertUntouched(flowed);
  assert.ok(flowed.notices.length <= 10_001);
});

Deno.test("ten thousand wrong values do not become ten thousand notices", () => {
  const aliases = Array.from({ length: 10_000 }, (_, at) => `a ${at}`);
  const flowed = flow([GOOD, says(JSON.stringify({ alias_domains: aliases }))]);
  assertUntouched(flowed);
  assert.ok(flowed.notices.length <= 100, `${flowed.notices.length} notices of one container`);
});

Deno.test("a host that hundreds claim as an alias stays with the oldest, and each is told", () => {
  const others = Array.from(
    { length: 500 },
    (_, at) =>
      inspectedAs(at + 1, {
        Hostname: `h${at}.example`,
        Env: ['INTERLOCK_DATA={"alias_domains":["good.example"]}'],
      }),
  );
  const flowed = flow([...others, GOOD]);
  assertUntouched(flowed);
  assert.equal(flowed.notices.length, 500);
});

Deno.test("hundreds that join a host with other options change none of the options of the oldest", () => {
  const options =
    '{"balance_algorithm":"source","check":"tcp-check","backend_options":["httpclose"],"ssl_only":true}';
  const others = Array.from(
    { length: 300 },
    (_, at) => inspectedAs(at + 1, { Hostname: "good.example", Env: [`INTERLOCK_DATA=${options}`] }),
  );
  const flowed = flow([...others, GOOD]);
  assert.deepEqual(strangeLines(flowed.config, flowed.model), []);
  const section = sectionsOf(flowed.config).find(({ head }) => head === "backend good.example");
  assert.equal(section?.lines.filter((line) => line.startsWith("server ")).length, 301);
  assert.ok(section?.lines.includes("balance leastconn") && section.lines.includes("option httpchk GET /"));
});
