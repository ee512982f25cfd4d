/** The machine's clock jumps: nothing is decided by it. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { errors, FaultStage } from "./stage.ts";

/** Debian's libfaketime, which moves the wall clock of a process and leaves its monotonic one alone, as a jump does. */
const LIBRARY = await (async () => {
  for (const machine of ["x86_64", "aarch64"]) {
    const path = `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  return undefined;
})();

Deno.test({
  name: "a clock that jumps a day ahead and then two days back delays no change and is no error",
  ignore: LIBRARY === undefined,
  fn: async () => {
    await using stage = await FaultStage.open({ host: "good.example" });
    const offset = await stage.write("offset", "+0s\n");
    const program = stage.start([], {
      LD_PRELOAD: LIBRARY ?? "",
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    });
    await stage.answers("good.example");
    const dayOf = (line: string) => Date.parse((JSON.parse(line) as { time: string }).time) / 86_400_000;
    const today = Date.now() / 86_400_000;
    for (const [at, days] of [1, -1].entries()) {
      await Deno.writeTextFile(offset, `${days > 0 ? "+" : ""}${days}d\n`);
      const from = program.lines.length;
      // One change at run time, and one that needs a reload.
      await stage.want({ host: "good.example" }, { host: `soon${at}.example` });
      await stage.answers(`soon${at}.example`);
      await stage.want({ host: "good.example" }, {
        host: `odd${at}.example`,
        data: { queue_timeout: 700 + at },
      });
      await stage.answers(`odd${at}.example`);
      await stage.answers(`soon${at}.example`, 404);
      // The clock did jump, or this would prove nothing.
      const last = await eventually(
        () => program.lines.slice(from).findLast((line) => line.startsWith("{")),
        {
          what: "a line of the log",
        },
      );
      assert.ok(Math.abs(dayOf(last) - today - days) < 0.1, last);
    }
    // The audit, which comes by a timer, still does.
    const from = program.lines.length;
    await stage.ask("disable server good.example/" + await serverOf(stage));
    await stage.says(program, { event: "drifted" }, from);
    await stage.answers("good.example");
    assert.deepEqual(errors(program), []);
  },
});

async function serverOf(stage: FaultStage): Promise<string> {
  const states = await stage.ask("show servers state good.example");
  const name = states.split("\n").find((line) => / good\.example /.test(line))?.split(" ")[3];
  assert.ok(name, states);
  return name;
}
