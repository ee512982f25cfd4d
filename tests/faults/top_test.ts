/** `signalbox top` on a real pty, and where there is no terminal. */
import assert from "node:assert/strict";
import { eventually, program, runProgram } from "../harness/program.ts";
import { GIVEN_BACK, PseudoTerminal } from "../harness/pseudo_terminal.ts";
import { FaultStage } from "./stage.ts";

function open(stage: FaultStage, after = "", env: Record<string, string> = {}): PseudoTerminal {
  const words = [...program(), "top", "--interval", "0.1", "--state-dir", stage.stateDir];
  const run = `sh -c 'echo pid $$; exec "$@"' sh ${words.map((word) => `'${word}'`).join(" ")}`;
  return new PseudoTerminal(`${run}; ${after}`, 80, 24, env);
}
const has = (text: string) => (lines: readonly string[]) => lines.some((line) => line.includes(text));

Deno.test("top shows routes with their figures as they are now, filters, sorts, and follows the window's size", async () => {
  await using stage = await FaultStage.open({ host: "one.example" }, { host: "two.example" });
  stage.start(["--access-log", "all"]);
  await stage.answers("two.example");
  await using terminal = open(stage);
  const first = await terminal.shows(
    "figures",
    (lines) =>
      has("requests/s")(lines) && has("two.example")(lines) && lines.length === 24 &&
      lines[0]?.endsWith("live") === true,
  );
  assert.deepEqual(first.filter((line) => [...line].length > 80), []);
  assert.match(first[0] ?? "", /^signalbox \S+ {2}in step {2}HAProxy \S+ +live$/);
  // Requests are counted, timed and told.
  await eventually(async () => {
    for (let turn = 0; turn < 20; turn++) await stage.get("two.example");
    return has("two.example")(await terminal.shows("the busiest first", has("ROUTE"))) &&
      /two\.example +1 ready +[1-9]/.test((await terminal.shows("a route", has("two.example"))).join("\n"));
  }, { what: "requests a second" });

  await terminal.type("/ONE");
  const filtered = await terminal.shows(
    "a filter",
    (lines) => has("filter: ONE_")(lines) && !has("two.example")(lines),
  );
  assert.ok(has("one.example")(filtered));
  await terminal.type("\r");
  await terminal.shows("a kept filter", has("1 of 2 routes, filter"));
  await terminal.type("\x1b");
  await terminal.shows("all routes", has("two.example"));
  await terminal.type("n");
  await terminal.shows("the order of names", has("ROUTE^"));
  await terminal.type("c");
  await terminal.shows("containers", has("  one 127.20.0.2:"));

  // What changes is there without a key.
  await stage.want({ host: "one.example" }, { host: "two.example" }, { host: "six.example" });
  await terminal.shows("a new route", has("six.example"));

  await terminal.resize(100, 30);
  await terminal.shows(
    "more lines",
    (lines) => lines.length === 30 && has("six.example")(lines) && lines[3]?.length === 100,
  );
  await terminal.type("q");
  assert.equal(await terminal.ended(), 0);
  assert.ok(terminal.said.includes(GIVEN_BACK));
});

Deno.test("top gives the terminal back when a signal ends it, and waits for a signalbox that starts again", async () => {
  await using stage = await FaultStage.open({ host: "one.example" });
  const first = stage.start();
  await stage.answers("one.example");
  await using terminal = open(stage, "echo it ended with $?; stty -a");
  await terminal.shows("figures", has("requests/s"));
  first.kill("SIGKILL");
  await first.exited;
  await terminal.shows("the cut", (lines) => has("cut off")(lines) && has("what you see is from ")(lines));
  stage.start();
  await terminal.shows(
    "the next signalbox",
    (lines) => lines[0]?.endsWith("live") === true && has("adopted the running HAProxy")(lines),
  );

  const pid = /^pid (\d+)\r$/m.exec(terminal.said)?.[1] ?? assert.fail("it did not tell its pid");
  // Ctrl-Z gives it back for a while.
  await terminal.type("\x1a");
  await eventually(async () => /^State:\tT/m.test(await Deno.readTextFile(`/proc/${pid}/status`)), {
    what: "top to stop",
  });
  await terminal.says(new RegExp(`${RegExp.escape(GIVEN_BACK)}$`));
  Deno.kill(Number(pid), "SIGCONT");
  await terminal.says(new RegExp(`${RegExp.escape(GIVEN_BACK)}[^]*one\\.example`));
  Deno.kill(Number(pid), "SIGTERM");
  await terminal.says(/it ended with 0\r\n[\s\S]*iuclc/);
  const after = terminal.said.slice(terminal.said.lastIndexOf(GIVEN_BACK) + GIVEN_BACK.length);
  assert.match(after, /^it ended with 0/);
  assert.match(after, /[ ;]icanon iexten echo /);
});

Deno.test("top sends no colour with NO_COLOR, and some without", async () => {
  await using stage = await FaultStage.open({ host: "one.example" });
  stage.start();
  await stage.answers("one.example");
  for (const [value, isColoured] of [["1", false], ["", true]] as const) {
    await using terminal = open(stage, "", { NO_COLOR: value });
    await terminal.shows("a route", has("one.example"));
    await terminal.type("q");
    assert.equal(await terminal.ended(), 0);
    // deno-lint-ignore no-control-regex
    assert.equal(/\x1b\[[0-9;]*[1-9]m/.test(terminal.said), isColoured);
  }
});

Deno.test("top prints once where standard output is no terminal, or one document", async () => {
  await using stage = await FaultStage.open({ host: "one.example" }, { host: "two.example" });
  const none = await runProgram(["top", "--state-dir", stage.stateDir]);
  assert.deepEqual([none.code, none.stdout], [1, ""]);
  assert.match(
    none.stderr,
    /^error: no signalbox runs with the state directory \S+ \(--state-dir names another\)\n$/,
  );
  stage.start();
  await stage.answers("one.example");
  await stage.answers("two.example");

  const text = await runProgram(["top", "--state-dir", stage.stateDir, "--sort", "name"]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^signalbox \S+: in step, HAProxy \S+\n/);
  assert.match(text.stdout, /\none\.example +1 ready +[\d.]+ +[\d.]+ +\d+ +\d+\ntwo\.example +1 ready/);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text.stdout, /\x1b/);

  const json = await runProgram(["top", "--state-dir", stage.stateDir, "--json", "--filter", "two"]);
  assert.equal(json.code, 0, json.stderr);
  const { isInStep, routes: [route, ...others] } = JSON.parse(json.stdout);
  assert.deepEqual([isInStep, others], [true, []]);
  assert.deepEqual([route.route, route.servers[0].container, route.servers[0].state], [
    "two.example",
    "two",
    "ready",
  ]);
  assert.equal(typeof route.requestsPerSecond, "number");

  const wrong = await runProgram(["top", "--interval", "0"]);
  assert.deepEqual([wrong.code, wrong.stderr], [
    2,
    'error: --interval is "0", expected seconds from 0.1 to 3600\n',
  ]);
});
