/** The schemas for editors take what signalbox takes, and refuse keys and labels that it does not know. */
import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { ROUTE_KEYS } from "../../lib/core/keys/route_keys.ts";
import { readRouteData, SaidBefore } from "../../lib/core/labels/read_routes.ts";
import { parse } from "yaml";
import { SCHEMAS } from "../../scripts/schema.ts";
import { blocksOf, exists, manual, read } from "./documents.ts";

const CASES = new URL("../cases/", import.meta.url);
const ajv = new Ajv({ allowUnionTypes: true, allowMatchingProperties: true, strict: true });
const compiled = (path: string) => ajv.compile(JSON.parse(SCHEMAS[path] ?? ""));
const isData = compiled("docs/schema/interlock_data.json");
const isCompose = compiled("docs/schema/compose_labels.json");
const areLabels = (labels: unknown) => isCompose({ services: { web: { image: "x", labels } } });

type Inspected = {
  readonly Config?: {
    readonly Env?: readonly unknown[];
    readonly Labels?: Readonly<Record<string, unknown>>;
  };
};

/** What the containers of each case say. */
async function* said(): AsyncGenerator<{ readonly name: string; readonly container: Inspected }> {
  for await (const { name, isDirectory } of Deno.readDir(CASES)) {
    if (!isDirectory) continue;
    const text = await Deno.readTextFile(new URL(`${name}/snapshot.json`, CASES)).catch(() => "[]");
    const json = JSON.parse(text);
    const containers: readonly Inspected[] = Array.isArray(json) ? json : json.containers;
    for (const container of containers) yield { name, container };
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

const complaintsOn = (interlockData: string | undefined, labels: Readonly<Record<string, string>>) =>
  readRouteData({ interlockData, labels }, [3, 4], new SaidBefore()).complaints;

Deno.test("what each case's containers say is right by the schemas where nothing is complained of", async () => {
  const counts = { right: 0, unknown: 0 };
  const check = (isRight: boolean, complaints: ReturnType<typeof complaintsOn>, what: string) => {
    if (complaints.length === 0) {
      counts.right++;
      assert.ok(isRight, `${what}: ${ajv.errorsText(isRight ? [] : isData.errors ?? isCompose.errors)}`);
    }
    // Others are about where a key stands.
    if (complaints.some(({ message }) => / (?:is|are) not known/.test(message))) {
      counts.unknown++;
      assert.ok(!isRight, `${what}: the schema knows a key that signalbox does not`);
    }
  };
  for await (const { name, container: { Config: config = {} } } of said()) {
    const entry = config.Env?.map(String).findLast((each) => each.startsWith("INTERLOCK_DATA="));
    const text = entry?.slice("INTERLOCK_DATA=".length);
    const data = parsed(text);
    if (data !== undefined) check(isData(data), complaintsOn(text, {}), `${name}: ${text}`);
    // Interlock 2's labels, and those with a slip in the prefix, are nobody's to the schema.
    const ours = Object.entries(config.Labels ?? {}).filter(([label]) => label.startsWith("interlock."));
    // Of a container that is left out, nothing else is read.
    const isOff = ours.some(([label, value]) => label === "interlock.enable" && value === "false");
    if (ours.length === 0 || isOff) continue;
    const labels = Object.fromEntries(ours.map(([label, value]) => [label, String(value ?? "")]));
    const what = `${name}: ${JSON.stringify(labels)}`;
    const complaints = complaintsOn(undefined, labels);
    check(areLabels(labels), complaints, what);
    check(areLabels(Object.entries(labels).map((pair) => pair.join("="))), complaints, what);
  }
  assert.ok(counts.right > 100 && counts.unknown > 5, JSON.stringify(counts));
});

Deno.test("labels of others, and values as YAML has them, are right by the schema", () => {
  const right = [
    { "com.example.x": "1", "interlock.port": 8080, "interlock.enable": true, "interlock.ssl_only": null },
    [
      "com.example.x",
      "interlock.api.port=80",
      "interlock.alias_domain.1=a.example.com",
      "interlock.ssl_only",
    ],
    {
      "interlock.enable": "${ENABLE:-true}",
      "interlock.port": "${PORT}",
      "interlock.server_timeout": " 30s",
    },
    null,
  ];
  for (const labels of right) assert.ok(areLabels(labels), JSON.stringify(labels));
  const wrong = [
    { "interlock.prot": 1 },
    ["interlock.prot=1"],
    { "interlock.port.1": 80 },
    { "interlock.enable": "maybe" },
    { "interlock.port": {} },
    { "interlock.port": "eighty" },
    { "interlock.server_timeout": "soon" },
    { "interlock.api.max_body": "10 apples" },
  ];
  for (const labels of wrong) assert.ok(!areLabels(labels), JSON.stringify(labels));
});

Deno.test("an editor is offered each label and each key, with its meaning", () => {
  const { definitions } = JSON.parse(SCHEMAS["docs/schema/compose_labels.json"] ?? "");
  const offered = Object.entries(definitions.labels.anyOf[0].properties) as [
    string,
    { description: string },
  ][];
  assert.deepEqual(
    offered.map(([label]) => label).sort(),
    Object.values(ROUTE_KEYS).map((key) => `interlock.${key.label}`).sort(),
  );
  assert.ok(offered.every(([, { description }]) => description.length > 10));
});

Deno.test("what the documents show of an editor's help names the schema, which marks each of the wrong lines", async () => {
  const counts = { marked: 0, named: 0 };
  for (const page of await manual()) {
    for (const { language, words, body } of blocksOf(await read(page))) {
      if (!words.includes("schema")) continue;
      for (const [, name] of body.matchAll(/"?\.\/(\w+\.json)/g)) {
        counts.named++;
        assert.ok(await exists(`docs/schema/${name}`), name);
      }
      if (language !== "yaml") continue;
      const compose = parse(body) as { services: Readonly<Record<string, { labels: object }>> };
      assert.equal(isCompose(compose), !words.includes("wrong"), body);
      for (const { labels } of Object.values(compose.services)) {
        for (const [label, value] of Object.entries(labels)) {
          counts.marked++;
          assert.equal(areLabels({ [label]: value }), !words.includes("wrong"), label);
        }
      }
    }
  }
  assert.ok(counts.marked > 1 && counts.named > 1, JSON.stringify(counts));
});

Deno.test("the schemas in docs are those of the table of keys", async () => {
  for (const [path, text] of Object.entries(SCHEMAS)) {
    assert.equal(await Deno.readTextFile(new URL(`../../${path}`, import.meta.url)), text, path);
  }
});
