/** Rows of any table come, change and go while HAProxy runs, in the order that protects, and every way back gives the same. */
import assert from "node:assert/strict";
import { planChange } from "../../lib/core/plan/plan.ts";
import { type Operation, readReplies, runtimeCommands } from "../../lib/core/runtime/operation.ts";
import { HOSTS_MAP, parseTableKey, parseTableValue } from "../../lib/core/values/table.ts";
import { planText, want, type Wanted } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { seeded } from "../harness/seeded.ts";
import { readState, stateFromDisk } from "./compare.ts";
import { Containers } from "./containers.ts";
import { called, canAddServers, everyProgram, onStage, send, settled, type Stage } from "./stage.ts";
import { TEST_MAP, withRows } from "./test_table.ts";

type Rows = Readonly<Record<string, string>>;

/** What is wanted with one host, or with the second one, whose row says that it is closed. */
type Wants = {
  readonly one: (rows: Rows) => Wanted;
  readonly two: (rows: Rows) => Wanted;
};

const HOST = "shop.example.com";

async function onTable(
  program: typeof everyProgram[number],
  act: (stage: Stage, wants: Wants) => Promise<void>,
): Promise<void> {
  await using containers = new Containers();
  const folder = new URL("../changes/a_new_host_takes_a_spare/", import.meta.url);
  const read = async (name: string) => containers.move(await Deno.readTextFile(new URL(name, folder)));
  const [before, after] = [await read("before.json"), await read("after.json")];
  await containers.start(after);
  await onStage(program, {}, (stage) =>
    act(stage, {
      one: (rows) => withRows(want(stage.routing, before, {}), rows),
      two: (rows) => withRows(want(stage.routing, after, {}), rows),
    }));
}

/** Applies what is wanted, and proves that it was done by commands and that the files say the same. */
async function change(stage: Stage, wanted: Wanted): Promise<string> {
  const { plan } = await stage.apply(wanted);
  assert.equal(plan.kind, "runtime", planText(plan));
  return planText(plan);
}

/** The rows of the test's table as HAProxy has them. */
async function rowsOf(stage: Stage, table = TEST_MAP): Promise<Rows> {
  const [map = ""] = await send(stage, `show map ${table}`);
  const lines = map.split("\n").filter((line) => line !== "");
  const rows = lines.map((line) => /^0x\S+ (\S+) (.*)$/.exec(line)?.slice(1) ?? []);
  const found = Object.fromEntries(rows.map(([key = "", value = ""]) => [key, value]));
  assert.equal(Object.keys(found).length, lines.length, "no key stands twice");
  return found;
}

const statusOf = async (stage: Stage, host = HOST) => (await httpGet({ port: stage.httpPort, host })).status;

/** As many rows as are asked for, of which every value says the words. */
const many = (count: number, words: string, from = 0): Rows =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`host-${from + at}.example`, `${words} ${at}`]),
  );

for (const program of everyProgram.filter(canAddServers)) {
  const name = (sentence: string) => `${called(program)}: ${sentence}`;

  Deno.test(
    name("a row is added, changed in its place and taken away, whatever its value is made of"),
    () =>
      onTable(program, async (stage, { one }) => {
        const odd = String.raw`Say "it's" 100 %[src]; a \ b  # c ünd $HOME, | more`;
        await stage.apply(one({ kept: "as it is" }));
        assert.equal(
          await change(stage, one({ kept: "as it is", plain: "word", [`odd"';\\#`]: odd })),
          `add map test.map plain word\nadd map test.map <<\nodd"';\\# ${odd}\n\n`,
        );
        assert.deepEqual(await rowsOf(stage), { kept: "as it is", plain: "word", [`odd"';\\#`]: odd });
        assert.equal(
          await change(stage, one({ kept: "as it is", plain: "two words", [`odd"';\\#`]: `${odd}!` })),
          `set map test.map plain two\\ words\nset map test.map odd\\"\\'\\;\\\\\\# ${
            `${odd}!`.replace(/[ ;\\"'#]/g, "\\$&")
          }\n`,
        );
        assert.deepEqual(await rowsOf(stage), {
          kept: "as it is",
          plain: "two words",
          [`odd"';\\#`]: `${odd}!`,
        });
        assert.equal(
          await change(stage, one({ "www.example.com": "seen" })),
          "add map test.map www.example.com seen\ndel map test.map kept\ndel map test.map plain\n" +
            String.raw`del map test.map odd\"\'\;\\\#` + "\n",
        );
        const { headers } = await httpGet({ port: stage.httpPort, host: "www.example.com" });
        assert.equal(headers["x-row"], "seen");
        assert.equal(stage.applier.loader.count, 1, "nothing was loaded but the first config");
      }),
  );

  Deno.test(
    name("a host is never open while it comes, changes and goes, one command after the other"),
    () =>
      onTable(program, async (stage, { one, two }) => {
        await stage.apply(one({}));
        const step = async (wanted: Wanted) => {
          const { running, parts } = stage.applier;
          assert.ok(running !== undefined);
          const plan = planChange(running, wanted.desired, wanted.states, parts.haproxy.capabilities);
          assert.ok(plan.kind === "runtime", planText(plan));
          for (const line of plan.operations.flatMap(runtimeCommands)) {
            await send(stage, line);
            assert.notEqual(await statusOf(stage), 200, line);
          }
          // It is told what it was not told by itself.
          await stage.replace();
          await eventually(async () => (await stage.apply(wanted)).plan.kind === "nothing", {
            what: "all to be done",
          });
          return planText(plan).trim().split("\n");
        };
        const coming = await step(two({ [HOST]: "closed" }));
        assert.equal(await statusOf(stage), 403);
        assert.match(coming.at(-1) ?? "", /^add map hosts[.]map shop[.]example[.]com[/] /);
        assert.ok(coming.includes(`add map test.map ${HOST} closed`));
        const going = await step(one({}));
        assert.equal(await statusOf(stage), 404);
        const places = [
          /^del map hosts[.]map/,
          /^set server .* state maint/,
          /^del map test[.]map/,
          /^del server/,
        ];
        const found = places.map((place) => going.findIndex((line) => place.test(line)));
        assert.deepEqual(found, found.toSorted((a, b) => a - b), going.join("\n"));
      }),
  );

  Deno.test(
    name("10,000 rows come, change and go in swaps, which no request sees the middle of"),
    () =>
      onTable(program, async (stage, { one }) => {
        await stage.apply(one({ "www.example.com": "seen" }));
        const base = { "www.example.com": "seen" };
        const ending = new AbortController();
        const watching = (async () => {
          const seen = new Set<string | undefined>();
          const request = { port: stage.httpPort, host: "www.example.com" };
          while (!ending.signal.aborted) seen.add((await httpGet(request)).headers["x-row"]);
          return [...seen];
        })();
        const texts = [
          await change(stage, one({ ...base, ...many(10_000, "a value of words") })),
          await change(stage, one({ ...base, ...many(10_000, "another value") })),
          await change(stage, one({ ...base, ...many(100, "another value") })),
        ];
        ending.abort();
        assert.deepEqual(await watching, ["seen"]);
        for (const text of texts) {
          assert.deepEqual(text.match(/^(?:prepare|commit|set|del) map/gm), ["prepare map", "commit map"]);
          const payloads = text.split(/^(?=add map @1 test[.]map <<$)/m);
          assert.ok(payloads.every((payload) => new TextEncoder().encode(payload).length < 14_000));
        }
        assert.deepEqual(await rowsOf(stage), { ...base, ...many(100, "another value") });
        const [all = ""] = await send(stage, "show map");
        assert.match(all, /\(test[.]map\).* entry_cnt=101$/m, "nothing of an older version is left");
        assert.equal(
          (await stage.apply(one({ ...base, ...many(100, "another value") }))).plan.kind,
          "nothing",
        );
        await change(stage, one(many(300, "the last")));
        assert.equal(await change(stage, one({})), "prepare map test.map\ncommit map @1 test.map\n");
        assert.deepEqual(await rowsOf(stage), {});
        assert.equal(stage.applier.loader.count, 1);
      }),
  );

  Deno.test(
    name("after a reload, a crash and a take-over the rows are those of before"),
    () =>
      onTable(program, async (stage, { one, two }) => {
        const rows = { [HOST]: "closed", "www.example.com": "two words; and more", ...many(300, "value") };
        await stage.apply(one({ gone: "soon" }));
        await change(stage, two(rows));
        await settled(stage, two(rows));
        const changed = await readState(stage);
        assert.deepEqual(changed.rows, Object.entries(rows).map((row) => `test.map ${row.join(" ")}`).sort());
        assert.deepEqual(await stateFromDisk(stage), changed);
        assert.equal(planText((await stage.apply(two(rows))).plan), "nothing\n");
        await stage.replace();
        assert.equal(planText((await stage.apply(two(rows))).plan), "nothing\n");
        assert.deepEqual(await readState(stage), changed);
        stage.applier.loader.request.ask({ kind: "asked", detail: "a test" });
        assert.equal((await stage.apply(two(rows))).plan.kind, "reload");
        assert.deepEqual(await readState(stage), changed);
        // What somebody did while nobody looked is read back, and put right without a reload.
        await send(
          stage,
          `del map test.map ${HOST}`,
          "set map test.map host-7.example x",
          "add map test.map more x",
        );
        await stage.replace();
        assert.equal((await stage.apply(two(rows))).plan.kind, "runtime");
        assert.deepEqual(await readState(stage), changed);
        assert.equal(stage.applier.loader.count, 0);
      }),
  );

  Deno.test(
    name("what somebody else did to rows is told and put right, without a word of their values"),
    () =>
      onTable(program, async (stage, { one }) => {
        const rows = { secret: "sha256 of it", kept: "value", [HOST]: "closed" };
        await stage.apply(one(rows));
        await send(
          stage,
          "del map test.map secret",
          "set map test.map kept stolen",
          "add map test.map more stolen",
        );
        const told = await stage.applier.audit();
        assert.deepEqual(told.toSorted(), [
          "the row kept of test.map was changed by someone else",
          "the row more of test.map was added by someone else",
          "the row secret of test.map was removed by someone else",
        ]);
        await change(stage, one(rows));
        assert.deepEqual(await rowsOf(stage), rows);
        assert.deepEqual(await stage.applier.audit(), []);
        await send(stage, "clear map test.map");
        assert.equal((await stage.applier.audit()).length, 3);
        await change(stage, one(rows));
        assert.deepEqual(await rowsOf(stage), rows);
        // What is not as it should be when a command is sent is found with its answer.
        await send(stage, "del map test.map secret");
        const { plan } = await stage.apply(one({ ...rows, secret: "sha256 of another" }));
        assert.equal(plan.kind, "reload", planText(plan));
        assert.deepEqual(await rowsOf(stage), { ...rows, secret: "sha256 of another" });
        assert.ok(
          stage.report.lines.every((line) => !/sha256|stolen/.test(line)),
          stage.report.lines.join("\n"),
        );
        assert.doesNotMatch(planText(plan), /sha256/);
      }),
  );

  Deno.test(
    name("no key and no value that can be parsed touches another row or says a command"),
    () =>
      onTable(program, async (stage, { one }) => {
        await stage.apply(one({ kept: "as it is" }));
        const random = seeded(7);
        const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
        const PIECES = [
          ..." \\\"';#@|,%$`<>!&*(){}[]~^?=+-_./:ü漢a1",
          " <<",
          "\\n",
          "\\ ",
          "@1",
          "show info",
          "0x1",
        ];
        const text = () => Array.from({ length: 1 + Math.floor(random() * 9) }, () => pick(PIECES)).join("");
        const operationOf = (kind: "add-row" | "set-row", key: string, value: string): Operation => {
          const [parsedKey, parsedValue] = [parseTableKey(key), parseTableValue(value)];
          assert.ok(parsedKey.ok && parsedValue.ok);
          return { kind, table: TEST_MAP, key: parsedKey.value, value: parsedValue.value };
        };
        const wanted = new Map<string, string>([["kept", "as it is"]]);
        let sent = 0;
        for (let count = 0; count < 1_000; count++) {
          const [key, value] = [text(), text()];
          if (!parseTableKey(key).ok || !parseTableValue(value).ok || key === "kept") continue;
          const operation = operationOf(wanted.has(key) ? "set-row" : "add-row", key, value);
          assert.equal(
            readReplies(operation, await send(stage, ...runtimeCommands(operation))),
            "done",
            `${key} ${value}`,
          );
          wanted.set(key, value);
          sent++;
        }
        assert.ok(sent > 300, `${sent} rows`);
        assert.deepEqual(await rowsOf(stage), Object.fromEntries(wanted));
        const changed = [...wanted.keys()].filter((_, at) => at % 2 === 0);
        const operations = changed.map((key) => operationOf("set-row", key, `${text().trim()}x`)).filter((
          each,
        ) => each.kind === "set-row" && parseTableValue(each.value).ok);
        for (const operation of operations) {
          assert.equal(readReplies(operation, await send(stage, ...runtimeCommands(operation))), "done");
          if (operation.kind === "set-row") wanted.set(operation.key, operation.value);
        }
        assert.deepEqual(await rowsOf(stage), Object.fromEntries(wanted));
        // The whole way, where the next look confirms each row, and a start from the file reads the same.
        const rows = Object.fromEntries(wanted);
        await stage.apply(one(rows));
        assert.deepEqual(await rowsOf(stage), rows);
        const before = await readState(stage);
        assert.deepEqual(await stateFromDisk(stage), before);
        assert.notEqual((await rowsOf(stage, HOSTS_MAP))["www.example.com/"], undefined);
      }),
  );
}
