/** While HAProxy is started again, by itself, files become current and loads begin: it has in the end what is wanted. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { VICTIMS } from "./kill.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

/** An HAProxy that reads one more file, which is a pipe once somebody wants it to wait there. */
class Held implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** It reads the file `first`, or after all others. */
  static async open(program: HaproxyProgram, isFirst: boolean): Promise<Held> {
    const held = new Held(await Deno.makeTempDir({ prefix: "signalbox-held-" }));
    await Deno.writeTextFile(held.file, "# nothing\n");
    const more = isFirst ? `-f ${held.file} "$@"` : `"$@" -f ${held.file}`;
    const lines = [
      "#!/bin/sh",
      `case " $* " in *" -W "*) set -- ${more};; esac`,
      `exec ${program.path} "$@"`,
    ];
    await Deno.writeTextFile(held.wrapper, `${lines.join("\n")}\n`, { mode: 0o700 });
    return held;
  }

  get file(): string {
    return `${this.folder}/more.cfg`;
  }

  get wrapper(): string {
    return `${this.folder}/haproxy`;
  }

  /** Kills the master, and waits until the next one reads the file; what is answered has it read on. */
  async restart(stage: Stage): Promise<() => Promise<void>> {
    await Deno.remove(this.file);
    assert.ok((await new Deno.Command("mkfifo", { args: [this.file] }).output()).success);
    // The master may answer a moment later than its worker.
    Deno.kill(await eventually(() => VICTIMS.master(stage), { what: "the master to answer" }), "SIGKILL");
    // A pipe can be opened once somebody reads it.
    const pipe = await Deno.open(this.file, { write: true });
    return async () => {
      // A reload reads the file again.
      await Deno.writeTextFile(`${this.folder}/new.cfg`, "# nothing\n");
      await Deno.rename(`${this.folder}/new.cfg`, this.file);
      pipe.close();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const read = (change: string, step: "before" | "after") =>
  Deno.readTextFile(new URL(`../changes/${change}/${step}.json`, import.meta.url));
const NOBODY = { not_ready: ["web1", "web2"] };
const isCurrent = (stage: Stage, number: number) => stage.haproxy.store.findCurrent()?.number === number;

for (const program of programs) {
  Deno.test(`${called(program)}: files that are to be loaded while it starts with those of before are loaded once it has started`, async () => {
    await using held = await Held.open(program, false);
    await onStage(program, held, async (stage) => {
      const change = "another_algorithm_is_a_reload";
      await stage.apply(want(stage.routing, await read(change, "before"), NOBODY));
      const goOn = await held.restart(stage);
      const next = stage.generation() + 1;
      const applied = stage.apply(want(stage.routing, await read(change, "after"), NOBODY));
      await eventually(() => isCurrent(stage, next), { what: "the load to begin" });
      await goOn();
      assert.equal((await applied).plan.kind, "reload");
      assert.equal(stage.haproxy.store.held, stage.haproxy.store.findCurrent()?.folder);
    });
  });

  for (const isFirst of [true, false]) {
    const which = isFirst
      ? "is known to have files that became current while it started, before it read any"
      : "is not taken to have files that became current while it started, after it read its own";
    Deno.test(`${called(program)}: it ${which}`, async () => {
      await using held = await Held.open(program, isFirst);
      await onStage(program, held, async (stage) => {
        const change = "a_container_with_another_name_is_a_comment_and_nothing_else";
        await stage.apply(want(stage.routing, await read(change, "before"), {}));
        const goOn = await held.restart(stage);
        const wanted = want(stage.routing, await read(change, "after"), {});
        assert.equal((await stage.apply(wanted)).plan.kind, "keep");
        assert.ok(!isCurrent(stage, stage.generation()));
        await goOn();
        await eventually(() => stage.restarts() === 1, { what: "HAProxy to be started again" });
        assert.deepEqual(stage.events, [isFirst ? "restarted" : "replaced"]);
        assert.equal(stage.haproxy.store.held === stage.haproxy.store.findCurrent()?.folder, isFirst);
        stage.applier.forgetCommands(isFirst);
        await eventually(async () => (await stage.apply(wanted)).plan.kind === "nothing", {
          what: "all to be done",
        });
        assert.equal(stage.applier.loader.count, 1);
      });
    });
  }
}
