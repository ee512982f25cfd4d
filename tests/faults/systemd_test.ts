/** The unit that docs/operations shows, under a real systemd. */
import assert from "node:assert/strict";
import { askControl } from "../../lib/report/control_socket.ts";
import { blocksOf, read } from "../docs/documents.ts";
import { askUntilEnd } from "../harness/asking.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { noSystemd, Systemd } from "../harness/systemd.ts";
import { FaultStage } from "./stage.ts";

const binary = Deno.env.get("SIGNALBOX_BIN");
const HOST = "one.example";

const unit = async () =>
  blocksOf(await read("docs/operations.md")).find(({ words }) => words.includes("unit"))?.body ?? "";

Deno.test({
  name:
    "systemd starts, reloads, restarts, revives and stops signalbox by the documented unit, and no request fails",
  ignore: noSystemd !== undefined || binary === undefined,
  fn: async () => {
    await using stage = await FaultStage.open({ host: HOST });
    await using systemd = await Systemd.boot({
      "/srv/stage": stage.folder,
      "/opt/bin": binary?.replace(/\/[^/]*$/, "") ?? "",
    });
    const folder = systemd.path("/run/systemd/system");
    const dropIn = async (name: string, text: string) => {
      await Deno.mkdir(`${folder}/signalbox.service.d`, { recursive: true });
      await Deno.writeTextFile(`${folder}/signalbox.service.d/${name}.conf`, `[Service]\n${text}\n`);
      await systemd.tell("daemon-reload");
    };
    await Deno.writeTextFile(`${folder}/signalbox.service`, await unit());
    const listens = `--bind 127.0.0.1 --http-port ${stage.port} --https-port ${stage.httpsPort}`;
    const run = `/opt/bin/${binary?.split("/").at(-1)} run --snapshot /srv/stage/snapshot.json ${listens}`;
    await dropIn("run", `ExecStart=\nExecStart=${run}`);

    const is = async () => ({
      active: await systemd.property("signalbox", "ActiveState"),
      says: await systemd.property("signalbox", "StatusText"),
      main: await systemd.property("signalbox", "MainPID"),
    });
    const proxy = async () => {
      const status = await askControl(systemd.path("/run/signalbox"), "GET", "/status");
      return (status as { haproxy: { pid: number } } | undefined)?.haproxy.pid;
    };
    /** Waits until another process is the service, and has said that it is ready. */
    const another = (than: string, what: string) =>
      eventually(async () => {
        const { active, says, main } = await is();
        return main !== than && main !== "0" && active === "active" && says === "in step, 1 route" && main;
      }, { what, limitMs: 30_000 });

    assert.equal(await systemd.tell("start", "signalbox"), "");
    const first = await is();
    assert.deepEqual([first.active, first.says], ["active", "in step, 1 route"]);
    await stage.answers(HOST);
    const master = await proxy();
    assert.ok(master !== undefined);

    const asking = askUntilEnd({ port: stage.port, host: HOST });
    await systemd.tell("restart", "signalbox");
    const second = await another(first.main, "the one after the restart");
    await systemd.tell("reload", "signalbox");
    assert.equal((await is()).main, second);
    await systemd.tell("kill", "--kill-whom=main", "--signal=SIGKILL", "signalbox");
    const third = await another(second, "the one after the crash");
    // A program that is stuck gives no sign of life.
    await dropIn("watchdog", "WatchdogSec=3");
    await systemd.tell("restart", "signalbox");
    const fourth = await another(third, "the one with another watchdog");
    await systemd.tell("kill", "--kill-whom=main", "--signal=SIGSTOP", "signalbox");
    await another(fourth, "the one after the stuck one");
    assert.equal(await proxy(), master, "HAProxy is the same");
    assert.deepEqual(Object.keys(await asking.end()), ["200"]);

    await systemd.tell("stop", "signalbox");
    assert.deepEqual([(await is()).active, await systemd.property("signalbox", "Result")], [
      "inactive",
      "success",
    ]);
    await assert.rejects(httpGet({ port: stage.port, host: HOST }), "HAProxy has ended too");
  },
});
