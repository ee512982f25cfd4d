/** The folder of `--error-pages`, while signalbox runs. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { holding } from "../harness/events.ts";
import { runProgram } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";

Deno.test("changed pages are answered without a signal, and pages that cannot be used leave the last good ones", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const write = (name: string, text: string) => stage.write(`pages/${name}`, text);
  await write("404.html", "<h1>first</h1>\n");
  const program = stage.start(["--error-pages", `${stage.folder}/pages`]);
  await stage.answers("good.example");
  const shows = (text: string) =>
    eventually(async () => {
      const { body } = await stage.get("unknown.example");
      if (body !== text) throw new Error(`it says ${body}`);
      return true;
    }, { what: `the page ${text}` });
  await shows("<h1>first</h1>");

  await write("404.html", "<h1>second</h1>\n");
  await shows("<h1>second</h1>");
  await stage.says(program, { event: "reloaded", reasons: holding("--error-pages") });

  await write("404.html", "x".repeat(20_000));
  await stage.says(program, { event: "settings-refused", why: holding("20000") });
  await stage.want({ host: "late.example" });
  await stage.answers("late.example");
  await shows("<h1>second</h1>");

  await Deno.remove(`${stage.folder}/pages`, { recursive: true });
  const from = program.lines.length;
  program.kill("SIGHUP");
  await stage.says(program, { event: "settings-refused", why: holding(`${stage.folder}/pages`) }, from);
  await shows("<h1>second</h1>");

  await write("404.html", "<h1>third</h1>");
  await shows("<h1>third</h1>");
});

Deno.test("pages that cannot be used from the start end signalbox with 2, and say which file it is", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const folder = `${stage.folder}/pages`;
  const says = async (pattern: RegExp) => {
    const snapshot = ["--snapshot", `${stage.folder}/snapshot.json`];
    const { code, stderr } = await runProgram(["render", ...snapshot, "--error-pages", folder]);
    assert.equal(code, 2);
    assert.match(stderr, pattern);
  };
  await says(/cannot read --error-pages ".*": /);
  await stage.write("pages/503.htm", "x");
  await says(/cannot use --error-pages ".*": expected pages such as 404[.]html/);
  await Deno.writeFile(`${folder}/503.html`, Uint8Array.of(0x3c, 0xff));
  await says(/503[.]html is no UTF-8/);
  await Deno.remove(`${folder}/503.html`);
  assert.ok((await new Deno.Command("mkfifo", { args: [`${folder}/503.html`] }).output()).success);
  await says(/503[.]html is no regular file/);
  await Deno.remove(`${folder}/503.html`);
  await stage.write("pages/shop/5xx.html", " ");
  await says(/expected HTML without control characters in shop\/5xx[.]html/);
});
