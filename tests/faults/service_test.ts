/** signalbox as a service of systemd's (`Type=notify`): what it says, and when. */
import assert from "node:assert/strict";
import { eventLine } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { type Message, NotifySocket } from "../harness/notify_socket.ts";
import { FaultStage } from "./stage.ts";

Deno.test("a service says that it is ready when HAProxy serves, reads everything again, lives, and stops", async () => {
  await using stage = await FaultStage.open({ host: "one.example" });
  using socket = new NotifySocket(`${stage.folder}/notify`);
  const program = stage.start([], { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: "400000" });
  const ready = await socket.hears("READY", ({ READY }) => READY === "1");
  // HAProxy serves already: nothing is refused, also where no probe has proven the container yet.
  assert.ok([200, 503].includes((await stage.get("one.example")).status));
  assert.deepEqual([ready["MAINPID"], ready["STATUS"]], [`${program.pid}`, "in step, 1 route"]);
  const { haproxy } = await stage.status();
  const children = await Deno.readTextFile(`/proc/${haproxy.pid}/environ`);
  assert.doesNotMatch(children, /NOTIFY_SOCKET|WATCHDOG/, "HAProxy is not the service");

  await socket.hears("a sign of life", ({ WATCHDOG }) => WATCHDOG === "1");
  await stage.want({ host: "one.example" }, { host: "two.example" });
  await socket.hears("the new status", ({ STATUS }) => STATUS === "in step, 2 routes");

  const before = socket.messages.length;
  program.kill("SIGHUP");
  const reloading = await socket.hears("RELOADING", ({ RELOADING }) => RELOADING === "1", before);
  assert.ok(Number(reloading["MONOTONIC_USEC"]) > 0);
  await socket.hears("READY again", ({ READY }) => READY === "1", socket.messages.indexOf(reloading));

  const running = socket.messages.length;
  assert.equal(await program.stop("SIGTERM"), 0);
  await socket.hears("STOPPING", ({ STOPPING }) => STOPPING === "1", running);
  assert.deepEqual(socket.messages.slice(0, running).filter(({ STOPPING }) => STOPPING !== undefined), []);
});

Deno.test("a config that HAProxy refuses leaves a service that took over ready: HAProxy serves on", async () => {
  await using stage = await FaultStage.open({ host: "one.example" });
  const first = stage.start();
  await stage.answers("one.example");
  first.kill("SIGKILL");
  await first.exited;
  using socket = new NotifySocket(`${stage.folder}/notify`);
  const templates = await stage.write("templates/global.eta", "global\n  no-such-word\n");
  const second = stage.start(["--templates", templates.replace(/\/[^/]*$/, "")], {
    NOTIFY_SOCKET: socket.path,
  });
  await second.waitForLine(eventLine("behind"));
  const ready = await socket.hears("READY", ({ READY }) => READY === "1");
  assert.match(ready["STATUS"] ?? "", /^not in step: |^in step/);
  await socket.hears("the trouble", ({ STATUS }) => /^not in step: /.test(STATUS ?? ""));
  await stage.answers("one.example");
});

Deno.test("a service goes on with the signalbox that takes over within it", async () => {
  await using stage = await FaultStage.open({ host: "one.example" });
  using socket = new NotifySocket(`${stage.folder}/notify`);
  const first = stage.start([], { NOTIFY_SOCKET: socket.path });
  await socket.hears("READY", ({ READY }) => READY === "1");
  const second = stage.start([], {
    NOTIFY_SOCKET: socket.path,
    WATCHDOG_USEC: "400000",
    WATCHDOG_PID: `${first.pid}`,
  });
  const own = `${second.pid}`;
  assert.equal(await first.exited, 0);
  const isNext = ({ MAINPID, READY }: Message) => MAINPID === own && READY === undefined;
  // What was said before the first one ended may be read after it.
  await socket.hears("the next one to be the main process", isNext);
  const from = socket.messages.findIndex(isNext);
  assert.ok(from > 0, "the next one is the main process before the first one ends");
  await socket.hears("READY of the next one", ({ READY, MAINPID }) => READY === "1" && MAINPID === own, from);
  await socket.hears("a sign of its life", ({ WATCHDOG }) => WATCHDOG === "1", from);
  assert.deepEqual(socket.messages.filter(({ STOPPING }) => STOPPING !== undefined), []);
});

Deno.test("systemd's program says what goes to an abstract name, and a socket that is not there is told once", async () => {
  await using stage = await FaultStage.open({ host: "one.example" });
  const program = await stage.write(
    "bin/systemd-notify",
    `#!/bin/sh
{ echo "$NOTIFY_SOCKET"; for word; do echo "$word"; done; } >>"${stage.folder}/said"
`,
  );
  await Deno.chmod(program, 0o755);
  const path = `${stage.folder}/bin:${Deno.env.get("PATH")}`;
  const first = stage.start([], { NOTIFY_SOCKET: "@/signalbox/abstract", PATH: path });
  await eventually(async () => {
    const said = await Deno.readTextFile(`${stage.folder}/said`).catch(() => "");
    return said.startsWith(`@/signalbox/abstract\nREADY=1\nMAINPID=${first.pid}\nSTATUS=in step, 1 route\n`);
  }, { what: "what systemd's program was given" });
  await first.stop();

  const second = stage.start([], { NOTIFY_SOCKET: `${stage.folder}/nowhere`, WATCHDOG_USEC: "100000" });
  await second.waitForLine(eventLine("service-manager-unheard"));
  await stage.answers("one.example");
  await stage.want({ host: "one.example" }, { host: "two.example" });
  await stage.answers("two.example");
  await second.stop();
  assert.equal(second.lines.filter((line) => eventLine("service-manager-unheard").test(line)).length, 1);
});
