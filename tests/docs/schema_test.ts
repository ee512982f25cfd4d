/** The schemas for editors take what signalbox takes, and refuse keys and labels that it does not know. */
import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { readRouteData, SaidBefore } from "../../lib/core/labels/read_routes.ts";
import { SCHEMAS } from "../../scripts/schema.ts";

const CASES = new URL("../cases/", import.meta.url);
const ajv = new Ajv({ allowUnionTypes: true, strict: true });
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
    if (ours.length === 0) continue;
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
    null,
  ];
  for (const labels of right) assert.ok(areLabels(labels), JSON.stringify(labels));
  const wrong = [
    { "interlock.prot": 1 },
    ["interlock.prot=1"],
    { "interlock.port.1": 80 },
    { "interlock.enable": "maybe" },
    { "interlock.port": {} },
  ];
  for (const labels of wrong) assert.ok(!areLabels(labels), JSON.stringify(labels));
});

Deno.test("the schemas in docs are those of the table of keys", async () => {
  for (const [path, text] of Object.entries(SCHEMAS)) {
    assert.equal(await Deno.readTextFile(new URL(`../../${path}`, import.meta.url)), text, path);
  }
});
