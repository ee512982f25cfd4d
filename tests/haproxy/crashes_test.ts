/** Whatever kills HAProxy, it is back with what the files say, and the loop is told. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { freshState, readState } from "./compare.ts";
import { Containers } from "./containers.ts";
import { kill, VICTIMS } from "./kill.ts";
import { called, canAddBackends, canAddServers, onStage, programs } from "./stage.ts";

for (const program of programs) {
  for (const [victim, findPid] of Object.entries(VICTIMS)) {
    Deno.test(`${called(program)}: when its ${victim} is killed it is back with what its files say`, async () => {
      await using containers = new Containers();
      const read = async (step: string) =>
        containers.move(
          await Deno.readTextFile(
            new URL(`../changes/a_new_host_takes_a_spare/${step}.json`, import.meta.url),
          ),
        );
      const [before, after] = [await read("before"), await read("after")];
      await containers.start(after);
      const held = { not_ready: ["web1"] };
      const changed = await onStage(program, {}, async (stage) => {
        await stage.apply(want(stage.routing, before, held));
        // By the time of the crash a host stands on a spare, and a server was made ready that no change of the files tells.
        await stage.apply(want(stage.routing, after, held));
        const wanted = want(stage.routing, after, {});
        await stage.apply(wanted);
        assert.equal(
          stage.applier.running?.bindings.size,
          canAddServers(program) && !canAddBackends(program) ? 1 : 0,
        );

        await kill(stage, findPid);
        stage.applier.forgetCommands(true);
        assert.equal(stage.applier.running?.bindings.size, 0, "each host has its own section now");
        const asBelieved = await stage.haproxy.reportServers();
        assert.deepEqual(asBelieved.map(({ name, isReady }) => [name.split(":")[1], isReady]).sort(), [
          ["shop", true],
          ["web1", true],
        ]);
        const { plan } = await stage.apply(wanted);
        assert.equal(plan.kind, "nothing", "what was commanded since is in the files");
        for (const host of ["www.example.com", "shop.example.com"]) {
          assert.equal((await httpGet({ port: stage.httpPort, host })).status, 200, host);
        }
        return await readState(stage);
      });
      assert.deepEqual(changed, await freshState(program, {}, (stage) => want(stage.routing, after, {})));
    });
  }

  Deno.test(`${called(program)}: where it cannot be run when it is to be started again, that is tried until it can`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "signalbox-gone-" });
    const wrapper = `${folder}/haproxy`;
    await Deno.symlink(program.path, wrapper);
    try {
      await onStage(program, { wrapper }, async (stage) => {
        const text = await Deno.readTextFile(
          new URL("../changes/nothing_changed/before.json", import.meta.url),
        );
        await stage.apply(want(stage.routing, text, { not_ready: ["web1", "web2"] }));
        // The master may answer a moment later than its worker.
        const master = await eventually(() => VICTIMS.master(stage), { what: "the master to answer" });
        await Deno.remove(wrapper);
        Deno.kill(master, "SIGKILL");
        const isSaid = () =>
          stage.report.of("haproxy-lost").some(({ how }) => /^it cannot be run: /.test(how));
        await eventually(isSaid, { what: "the trouble to be told" });
        await Deno.symlink(program.path, wrapper);
        await eventually(() => stage.restarts() === 1, { what: "HAProxy to be started again" });
        const { status } = await httpGet({ port: stage.httpPort, host: "www.example.com" });
        assert.equal(status, 503);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test(`${called(program)}: the files say who is held, and after an audit who is down, and a crash changes nothing`, async () => {
    await using containers = new Containers();
    const text = await Deno.readTextFile(new URL("../changes/nothing_changed/before.json", import.meta.url));
    const labels = '"Config": {"Labels": {"interlock.health_check_interval": "1000"},';
    const snapshot = containers.move(text.replaceAll('"Config": {', labels));
    await containers.start(snapshot);
    await onStage(program, {}, async (stage) => {
      const states = async () =>
        (await stage.haproxy.reportServers()).map((
          { name, isReady, isUp },
        ) => [name.split(":")[1], isReady, isUp]);
      await stage.apply(want(stage.routing, snapshot, { not_ready: ["web1", "web2"] }));
      // No file says that web2 is ready now: it was made so by a command alone.
      const { plan } = await stage.apply(want(stage.routing, snapshot, { not_ready: ["web1"] }));
      assert.equal(plan.kind, "runtime");
      await containers.end("127.17.0.3");
      const isDown = async () => (await states()).some(([name, , isUp]) => name === "web2" && !isUp);
      await eventually(isDown, { what: "web2 to be found dead" });
      assert.deepEqual(await stage.applier.audit(), []);
      const before = await states();
      assert.deepEqual(before, [["web1", false, false], ["web2", true, false]]);
      await kill(stage, VICTIMS.worker);
      assert.deepEqual(await states(), before);

      // Files that are written for a comment say the same of it.
      stage.applier.forgetCommands(true);
      const renamed = want(stage.routing, snapshot.replace('"/web2"', '"/another"'), { not_ready: ["web1"] });
      assert.equal((await stage.apply(renamed)).plan.kind, "keep");
      await kill(stage, VICTIMS.worker);
      assert.deepEqual(await states(), before);
    });
  });

  Deno.test(`${called(program)}: it is killed twice and is back twice`, async () => {
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, "[]", {}));
      await kill(stage, VICTIMS.worker);
      await kill(stage, VICTIMS.master);
      assert.equal(stage.restarts(), 2);
    });
  });
}
