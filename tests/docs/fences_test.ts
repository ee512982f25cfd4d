/** Each fenced block of the documents is of a kind that a test runs or checks: here, or where `KINDS` says. */
import assert from "node:assert/strict";
import { EVENTS, type Fields, type Row } from "../../lib/core/status/event_words.ts";
import type { Event } from "../../lib/core/status/event.ts";
import { COLUMNS } from "../../lib/core/status/top/columns.ts";
import { buildProgram, runProgram } from "../../lib/cli/program.ts";
import { settingsOf } from "../../lib/cli/settings.ts";
import { parseAccessLine } from "../../lib/core/runtime/access_line.ts";
import { untoldInWords } from "../../lib/report/refused_requests.ts";
import { type Block, blocksOf, documents, exists, manual, read } from "./documents.ts";
import { noPrometheus, promtool } from "../metrics/prometheus_server.ts";
import { type Call, dryRun } from "./dry_run.ts";

/** The kinds, by the words behind the fence, and who proves them. `exit=N` may stand behind `sh run`. */
const KINDS = {
  "sh": "this test",
  "sh run": "tests/live/docs_test.ts",
  "sh run wrong": "tests/live/docs_test.ts",
  "sh run shop": "tests/live/docs_test.ts",
  "sh serve": "tests/live/docs_test.ts",
  "text output": "tests/live/docs_test.ts",
  "json data": "tests/docs/data_test.ts",
  "yaml compose": "tests/docs/data_test.ts",
  "ini unit": "tests/docs/data_test.ts",
  "text hook": "tests/acme/docs_test.ts",
  "text keepalived": "this test",
  "yaml prometheus": "this test",
  "yaml schema wrong": "tests/docs/schema_test.ts",
  "json schema": "tests/docs/schema_test.ts",
  "text events": "this test",
  "text log": "this test",
  "text top": "this test",
  "text watch": "this test",
  // Nothing of it is typed or copied.
  "text picture": "nobody",
} as const;

/** A line of HAProxy's log that has all fields. */
const ACCESS_LINE =
  "10.0.0.7:54212 [28/Nov/2026:21:29:03.575] _web www.example.com:app/www.example.com:app:4b5e57f6eb2f:80 0/1/2/30/33 200 1234 " +
  '- - ---- 1/1/0/0/+1 0/0 {www.example.com|TLSv1.3} "GET /app/x?y=1 HTTP/1.1"';

const kindOf = ({ language, words }: Block): string =>
  [language, ...words.filter((word) => !/^exit=[0-9]$/.test(word))].join(" ");

const pages = await Promise.all((await documents()).map(async (path) => ({ path, text: await read(path) })));
const all = pages.flatMap(({ path, text }) => blocksOf(text).map((block) => ({ path, text, block })));
const played = new Set(["README.md", ...await manual()]);
const of = (kind: keyof typeof KINDS) => all.filter(({ block }) => kindOf(block) === kind);
const placeOf = ({ path, text, block }: (typeof all)[number]) =>
  `${path}:${text.slice(0, block.at).split("\n").length - 1}`;

Deno.test("each block of a document is of a kind that a test runs or checks", async () => {
  const unknown = all.filter(({ block }) => !Object.hasOwn(KINDS, kindOf(block)));
  assert.deepEqual(
    unknown.map((each) => `${placeOf(each)}: ${kindOf(each.block)}`),
    [],
    "a kind of KINDS, or a new one",
  );
  for (const { path, text } of pages) {
    const fences = text.match(/^ *(?:```|~~~).*$/gm)?.length ?? 0;
    assert.equal(fences, 2 * blocksOf(text).length, `${path} has a fence that is no block of ours`);
  }
  for (const file of new Set(Object.values(KINDS))) {
    if (file.startsWith("tests/")) assert.ok(await exists(file), file);
  }
});

Deno.test("what is run stands on a page that is run, and an output behind what prints it", () => {
  const run = all.filter(({ path, block }) =>
    !played.has(path) && KINDS[kindOf(block) as keyof typeof KINDS] === "tests/live/docs_test.ts"
  );
  assert.deepEqual(run.map(placeOf), []);
  const lone = all.filter(({ block }, at) =>
    block.words.includes("output") && !all[at - 1]?.block.words.includes("run")
  );
  assert.deepEqual(lone.map(placeOf), []);
});

for (const each of of("sh")) {
  Deno.test(`${placeOf(each)}: a shell takes it, and signalbox what it is given`, () =>
    checkShell(each.block.body));
}

Deno.test("a block of shell that is wrong is found", async () => {
  const wrong = [
    "if true",
    "no-such-program",
    "signalbox walk",
    "signalbox run --nope",
    "signalbox run --http-port lots",
    "SIGNALBOX_HTTP_PORT=lots signalbox run",
    "docker run -d --hostname a.example --label interlock.listen_port=many IMAGE",
    "docker run -d --hostname a.example --label interlock.hostnam=b.example IMAGE",
  ];
  for (const body of wrong) await assert.rejects(checkShell(`${body}\n`), body);
});

async function checkShell(body: string): Promise<void> {
  const calls = await dryRun(body);
  const ofRun = calls.find(({ program, args }) => program === "signalbox" && args[0] === "run");
  for (const call of calls) {
    if (call.program === "signalbox") checkCall(call);
    if (call.program === "docker") await checkLabels(call, ofRun);
  }
}

/** The command is there, its flags are, and each setting has a value that can be used. */
function checkCall({ args: [name = "", ...args], env }: Call): void {
  const terminal = {
    env: (variable: string) => env[variable],
    out: () => Promise.resolve(),
    err: () => {},
    isErrTerminal: false,
    isOutTerminal: false,
    stdin: () => Promise.resolve(""),
  };
  const command = buildProgram(terminal, () => {}).commands.find((each) => each.name() === name);
  assert.ok(command !== undefined, `there is no command ${name}`);
  const { unknown } = command.parseOptions([...args]);
  assert.deepEqual(unknown, []);
  settingsOf(command.opts(), terminal);
}

/** What is told of a container because files or other containers of the example are not here. */
const ABSENT = [
  "no-certificate",
  "no-such-certificate",
  "no-such-file",
  "client-ca",
  "no-auth-service",
  "no-certificate-for-host",
];

/** Nothing is wrong with the labels of a container or service, beside the `signalbox run` of the same block. */
async function checkLabels({ args }: Call, run: Call | undefined): Promise<void> {
  const after = (...names: readonly string[]) => args.filter((_, at) => names.includes(args[at - 1] ?? ""));
  const labels = Object.fromEntries(after("-l", "--label").map((label) => label.split(/=(.*)/s).slice(0, 2)));
  if (Object.keys(labels).length === 0) return;
  const port = labels["interlock.port"] ?? after("--expose")[0] ?? "80";
  const container = {
    Id: "a".repeat(64),
    Name: `/${after("--name")[0] ?? "app"}`,
    Created: "2026-01-01T00:00:00Z",
    State: { Status: "running", Running: true },
    Config: { Hostname: after("--hostname")[0] ?? "", Labels: labels, ExposedPorts: { [`${port}/tcp`]: {} } },
    NetworkSettings: { Networks: { bridge: { IPAddress: "10.0.0.2" } } },
  };
  let out = "";
  const settings = (run?.args ?? []).filter((word, at, words) =>
    ["--tcp-ports"].includes(word) || ["--tcp-ports"].includes(words[at - 1] ?? "")
  );
  const tls = ["--tls-cert", "/nowhere/certs/"];
  const code = await runProgram(["render", "--snapshot", "-", "--json", ...tls, ...settings], {
    env: () => undefined,
    out: (text) => Promise.resolve(void (out += text)),
    err: () => {},
    isErrTerminal: false,
    isOutTerminal: false,
    stdin: () => Promise.resolve(JSON.stringify([container])),
  });
  assert.equal(code, 0, out);
  const { notices } = JSON.parse(out) as { notices: { code: string; subject: string; message: string }[] };
  const wrong = notices.filter(({ code, subject }) =>
    `/${subject}` === container.Name && !ABSENT.includes(code)
  );
  assert.deepEqual(wrong, []);
}

Deno.test("events that a page shows have the words of the events that there are", () => {
  const samples: readonly Event[] = [
    { kind: "starting", version: "0.1.0", stateDir: "", listeners: "" },
    { kind: "reloaded", reasons: [] },
    {
      kind: "changed",
      operations: [],
      served: {
        first: [{ what: "added", route: "site.localhost", container: "site" }],
        counts: { added: 1 },
      },
    },
  ];
  const words = new Set(samples.map((event) => (EVENTS[event.kind] as Row<Event>).words(event)));
  for (const { block } of of("text events")) {
    for (const line of block.body.trimEnd().split("\n")) {
      const [, text = ""] =
        /^\d{4}-\d\d-\d\dT[\d:.]{12}Z (?:error|warn |info |debug) (.*?)(?: \([0-9.]+ ms\))?$/.exec(line) ??
          [];
      assert.ok(words.has(text), line);
    }
  }
});

Deno.test("lines of the JSON log that a page shows have the fields that signalbox writes", () => {
  for (const { block } of of("text log")) {
    for (const line of block.body.trimEnd().split("\n")) {
      const { level, time, msg, event, kind, ...fields } = JSON.parse(line) as Fields;
      assert.ok([level, time, msg].every((field) => typeof field === "string"), line);
      if (kind === "access") {
        assert.deepEqual(Object.keys(fields), Object.keys(parseAccessLine(ACCESS_LINE) ?? {}));
      } else if (kind === "refusals") {
        const statuses = Object.entries(fields["statuses"] ?? {});
        const { lines, text } = untoldInWords(
          new Map(statuses.map(([status, count]) => [status, Number(count)])),
        );
        assert.deepEqual({ msg, ...fields }, { msg: text, lines, statuses: fields["statuses"] });
      } else assert.ok(Object.hasOwn(EVENTS, String(event)), line);
    }
  }
});

Deno.test({
  name: "Prometheus takes the configuration that a page shows",
  ignore: noPrometheus !== undefined,
  async fn() {
    const file = await Deno.makeTempFile({ suffix: ".yml" });
    try {
      for (const { block } of of("yaml prometheus")) {
        await Deno.writeTextFile(file, block.body);
        const { code, said } = await promtool("check", "config", file);
        assert.equal(code, 0, said);
      }
    } finally {
      await Deno.remove(file);
    }
  },
});

Deno.test("what keepalived asks on the page is what HAProxy answers, and its blocks are closed", async () => {
  const frontend = await read("templates/frontend.eta");
  for (const { block: { body } } of of("text keepalived")) {
    const [, path] = /http:\/\/127\.0\.0\.1(\/\S+)"$/m.exec(body) ?? [];
    assert.ok(path !== undefined && frontend.includes(`monitor-uri ${path}\n`), path);
    assert.equal(body.split("{").length, body.split("}").length);
    const [, script] = /^vrrp_script (\w+) /m.exec(body) ?? [];
    assert.match(body, new RegExp(`track_script \\{\\s+${script}\\s`));
  }
});

Deno.test("the screen of top that a page shows has the columns that top draws", () => {
  for (const { block } of of("text top")) {
    const head = block.body.split("\n").find((line) => line.startsWith("ROUTE")) ?? "";
    assert.deepEqual(
      head.split(/ {2,}/).slice(1).map((word) => word.replace(/[v^]$/, "")),
      COLUMNS.map(({ head }) => head(true)),
    );
  }
});

Deno.test("what watch prints is shown in its form", () => {
  for (const { block } of of("text watch")) {
    for (const line of block.body.trimEnd().split("\n")) {
      assert.match(
        line,
        /^watch: \S.*$|^ {2}(?:ok {4}|FAILED) [\w/ ,]+: \d+ passed \| \d+ failed \(\d+\.\d s\)$|^ {2}…$/,
      );
    }
  }
});
