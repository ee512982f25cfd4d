/** haproxy is upgraded, broken or removed underneath: the one that runs serves on, and the next reload takes what is there. */
import assert from "node:assert/strict";
import { holding } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { errors, FaultStage } from "./stage.ts";

const [first, ...others] = await haproxies();
/** Another version where this machine has one; else the same again, which proves all but the version. */
const next = others.at(-1) ?? first;

Deno.test({
  name:
    `an haproxy that is broken and then upgraded (${first?.version} to ${next?.version}) changes nothing of what is served`,
  ignore: first === undefined,
  fn: async () => {
    assert.ok(first && next);
    await using stage = await FaultStage.open({ host: "good.example" });
    const path = `${stage.folder}/haproxy`;
    const install = async (from: string) => {
      await Deno.remove(path).catch(() => {});
      await Deno.symlink(from, path);
    };
    await install(first.path);
    const program = stage.start(["--haproxy", path]);
    await stage.answers("good.example");
    const { pid } = (await stage.status()).haproxy;

    // As in the middle of a package's upgrade: there is something, and it does not run.
    const broken = await stage.write(
      "broken",
      "#!/bin/sh\necho 'broken: cannot open shared object file' >&2\nexit 1\n",
    );
    await Deno.chmod(broken, 0o755);
    await install(broken);
    let from = program.lines.length;
    program.kill("SIGHUP");
    await stage.want({ host: "good.example" }, { host: "wants.example", data: { queue_timeout: 777 } });
    await stage.says(
      program,
      { event: "behind", level: "error", msg: holding("broken: cannot open shared object file") },
      from,
    );
    assert.equal((await stage.get("good.example")).status, 200);
    await eventually(async () => (await stage.status()).trouble !== undefined, { what: "status to tell it" });

    await install(next.path);
    from = program.lines.length;
    await stage.answers("wants.example");
    await stage.answers("good.example");
    // The trouble is over once the load is proven, just after the new worker answers.
    const { haproxy } = await eventually(async () => {
      const status = await stage.status();
      return status.trouble === undefined && status;
    }, { what: "status to tell no trouble" });
    assert.equal(haproxy.pid, pid, "the master is the same process");
    assert.ok(haproxy.version?.startsWith(next.version), `${haproxy.version} runs, not ${next.version}`);

    // And it is in step: a change at run time works by what the new one can do.
    await stage.want({ host: "good.example" }, { host: "more.example" });
    await stage.answers("more.example");
    await stage.answers("wants.example", 404);
  },
});

Deno.test({
  name: "an haproxy that is removed underneath is one error that says so, and all goes on when it is back",
  ignore: first === undefined,
  fn: async () => {
    assert.ok(first);
    await using stage = await FaultStage.open({ host: "good.example" });
    const path = `${stage.folder}/haproxy`;
    await Deno.symlink(first.path, path);
    const program = stage.start(["--haproxy", path]);
    await stage.answers("good.example");
    await Deno.remove(path);
    const from = program.lines.length;
    program.kill("SIGHUP");
    await stage.says(program, { event: "behind", level: "error", msg: holding(path) }, from);
    assert.equal(errors(program, from).length, 1, errors(program, from).join("\n"));
    assert.equal((await stage.get("good.example")).status, 200);
    await Deno.symlink(first.path, path);
    await stage.want({ host: "good.example" }, { host: "wants.example", data: { queue_timeout: 777 } });
    await stage.answers("wants.example");
  },
});
