/** Another signalbox takes HAProxy over: it reads back what HAProxy has, and reloads it only where that is in doubt. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { BUILTIN_TEMPLATES } from "../../lib/core/config/templates.ts";
import type { Plan } from "../../lib/core/plan/plan.ts";
import { ask } from "../../lib/haproxy/socket/cli_socket.ts";
import { planText, want, type Wanted } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { makeCertificate } from "../live/certificates.ts";
import { Containers } from "./containers.ts";
import { called, canAddBackends, canAddServers, onStage, programs, send, type Stage } from "./stage.ts";

/** One host that was loaded, and one that came at run time; `act` gets what is wanted in the end, and what was before. */
async function onTwoHosts(
  program: typeof programs[number],
  settings: Readonly<Record<string, string>>,
  act: (stage: Stage, wanted: () => Wanted, before: () => Wanted) => Promise<void>,
): Promise<void> {
  await using containers = new Containers();
  const folder = new URL("../changes/a_new_host_takes_a_spare/", import.meta.url);
  const read = async (name: string) => containers.move(await Deno.readTextFile(new URL(name, folder)));
  const [before, after] = [await read("before.json"), await read("after.json")];
  await containers.start(after);
  await onStage(program, { settings }, async (stage) => {
    await stage.apply(want(stage.routing, before, {}));
    await stage.apply(want(stage.routing, after, {}));
    await act(stage, () => want(stage.routing, after, {}), () => want(stage.routing, before, {}));
  });
}

/** Changes in which a host is served by a section that is not its own, and one such host in the end. */
const ELSEWHERE = [
  ["a_host_that_is_redeployed_with_other_options_takes_a_spare_and_comes_back", "shop.example.com"],
  ["a_host_takes_the_section_of_one_that_is_gone_when_no_spare_is_left", "new17.example.com"],
] as const;

const kind = async (stage: Stage, wanted: Wanted): Promise<Plan> => (await stage.apply(wanted)).plan;

for (const program of programs.filter(canAddServers)) {
  const name = (sentence: string) => `${called(program)}: ${sentence}`;

  Deno.test(
    name("a host that came at run time is known to the next signalbox, which goes on without a reload"),
    () =>
      onTwoHosts(program, {}, async (stage, wanted, before) => {
        const bindings = [...stage.applier.running?.bindings ?? []];
        assert.equal(bindings.length, canAddBackends(program) ? 0 : 1);
        await stage.replace();
        assert.equal(planText(await kind(stage, wanted())), "nothing\n");
        assert.deepEqual([...stage.applier.running?.bindings ?? []], bindings);
        // It leaves, and comes back, as it would have for the signalbox before.
        assert.equal((await kind(stage, before())).kind, "runtime");
        assert.equal((await httpGet({ port: stage.httpPort, host: "shop.example.com" })).status, 404);
        await eventually(async () => (await kind(stage, wanted())).kind === "nothing", {
          what: "all to be done",
        });
        assert.equal((await httpGet({ port: stage.httpPort, host: "shop.example.com" })).status, 200);
        assert.equal(stage.applier.loader.count, 0);
      }),
  );

  for (const [folder, host] of canAddBackends(program) ? [] : ELSEWHERE) {
    Deno.test(
      name(`${folder.replaceAll("_", " ")}, which the next signalbox knows at each step`),
      async () => {
        await using containers = new Containers();
        const url = new URL(`../changes/${folder}/`, import.meta.url);
        const steps = [...Deno.readDirSync(url)].map((entry) => entry.name).filter((file) =>
          /^step/.test(file)
        );
        await onStage(program, {}, async (stage) => {
          for (const step of steps.sort()) {
            const snapshot = containers.move(await Deno.readTextFile(new URL(step, url)));
            await containers.start(snapshot);
            const wanted = () => want(stage.routing, snapshot, {});
            await stage.apply(wanted());
            await containers.endOthers(snapshot);
            await eventually(async () => (await kind(stage, wanted())).kind === "nothing", {
              what: "all to be done",
            });
            const bound = () =>
              wanted().desired.model.backends.map(({ name }) => stage.applier.running?.bindings.get(name));
            const before = bound();
            await stage.replace();
            assert.equal(planText(await kind(stage, wanted())), "nothing\n", step);
            assert.deepEqual(bound(), before, step);
          }
          assert.equal((await httpGet({ port: stage.httpPort, host })).status, 200);
          assert.equal(stage.applier.loader.count, 0);
        });
      },
    );
  }

  Deno.test(
    name("many changes later what was loaded is still known"),
    () =>
      onTwoHosts(program, {}, async (stage, wanted, before) => {
        for (let count = 0; count < 6; count++) {
          await stage.apply(before());
          await eventually(async () => (await kind(stage, wanted())).kind === "nothing", {
            what: "all to be done",
          });
        }
        const reloads = stage.applier.loader.count;
        await stage.replace();
        await stage.replace();
        assert.equal(planText(await kind(stage, wanted())), "nothing\n");
        assert.ok(reloads <= 1, `${reloads} reloads before`);
      }),
  );

  Deno.test(
    name("a restart of HAProxy after it was taken over is known too"),
    () =>
      onTwoHosts(program, {}, async (stage, wanted) => {
        await stage.replace();
        assert.equal((await kind(stage, wanted())).kind, "nothing");
        const [info = ""] = await send(stage, "show info");
        Deno.kill(Number(/^Pid: (\d+)$/m.exec(info)?.[1]), "SIGKILL");
        await eventually(() => stage.restarts() > 0, { what: "HAProxy to be started again" });
        stage.applier.forgetCommands(true);
        await stage.apply(wanted());
        assert.equal((await httpGet({ port: stage.httpPort, host: "shop.example.com" })).status, 200);
        assert.equal((await kind(stage, wanted())).kind, "nothing");
        assert.equal(stage.applier.loader.count, 0);
      }),
  );

  Deno.test(
    name("a reload by someone else is noticed with the next command, which is not said again and again"),
    () =>
      onTwoHosts(program, {}, async (stage, wanted, before) => {
        const pidOf = async () => /^Pid: (\d+)$/m.exec((await send(stage, "show info"))[0] ?? "")?.[1];
        const old = await pidOf();
        let tries = 0;
        await eventually(async () => {
          // A master that executes itself anew is deaf, and one that was asked takes its time: asked every second.
          if (tries++ % 50 === 0) {
            await ask(`${stage.stateDir}/master.sock`, "reload", systemClock).catch(() => undefined);
          }
          return ![old, undefined].includes(await pidOf());
        }, { what: "another worker" });
        await assert.rejects(stage.apply(before()), /worker \d+ does not answer/);
        assert.deepEqual(stage.events, ["replaced"]);
        stage.applier.forgetCommands(false);
        await eventually(async () => (await kind(stage, before())).kind === "nothing", {
          what: "all to be done",
        });
        assert.equal((await httpGet({ port: stage.httpPort, host: "shop.example.com" })).status, 404);
        await eventually(async () => (await kind(stage, wanted())).kind === "nothing", {
          what: "all to be done",
        });
        const [map = ""] = await send(stage, "show map hosts.map");
        assert.equal(map.split("\n").filter((line) => line.includes(" shop.example.com/ ")).length, 1);
        assert.ok(stage.applier.loader.count <= 2, `${stage.applier.loader.count} reloads`);
      }),
  );

  const doubts: Record<string, [expected: RegExp, (stage: Stage) => Promise<unknown>]> = {
    "another limit of connections": [
      /settings of the whole config differ/,
      (stage) => stage.replace({ "max-connections": "600" }),
    ],
    "a template of a user's own": [/custom templates are in use/, async (stage) => {
      const templates = `${stage.stateDir}/templates`;
      await Deno.mkdir(templates);
      const text = BUILTIN_TEMPLATES["unknown_host.eta"] ?? "";
      await Deno.writeTextFile(`${templates}/unknown_host.eta`, text.replace("No container", "Nobody"));
      await stage.replace({ templates });
    }],
    "a server that someone added": [
      /^del server www[.]example[.]com[/]stranger$/m,
      async (stage) => {
        await send(stage, "add server www.example.com/stranger 127.17.0.9:80 id 99");
        await stage.replace();
      },
    ],
    "a route that someone turned": [
      /two backends share a section/,
      async (stage) => {
        await send(stage, "set map hosts.map shop.example.com/ www.example.com");
        await stage.replace();
      },
    ],
    "a route that stands twice": [/hosts[.]map has www[.]example[.]com[/] twice/, async (stage) => {
      await send(stage, "add map hosts.map www.example.com/ www.example.com");
      await stage.replace();
    }],
    "files of the loaded generation that are gone": [/cannot be read/, async (stage) => {
      const loaded = `${stage.stateDir}/generations/${String(stage.generation()).padStart(8, "0")}`;
      await Deno.remove(loaded, { recursive: true });
      await stage.replace();
    }],
    "a reload that nobody saw the end of": [/the last reload was not finished/, async (stage) => {
      stage.haproxy.store.beginLoading();
      await stage.replace();
    }],
    "settings of the process": [/settings of HAProxy's process differ/, async (stage) => {
      const loaded = `${stage.stateDir}/generations/${String(stage.generation()).padStart(8, "0")}`;
      await Deno.writeTextFile(`${loaded}/process.cfg`, "# other\n", { append: true });
      await stage.replace();
    }],
  };
  for (const [what, [expected, act]] of Object.entries(doubts)) {
    Deno.test(
      name(`${what} is put right, and no request is lost`),
      () =>
        onTwoHosts(program, {}, async (stage, wanted) => {
          await act(stage);
          assert.match(planText(await kind(stage, wanted())), expected);
          await eventually(async () => (await kind(stage, wanted())).kind === "nothing", {
            what: "all to be done",
          });
          for (const host of ["www.example.com", "shop.example.com"]) {
            assert.equal((await httpGet({ port: stage.httpPort, host })).status, 200, host);
          }
          const [servers = ""] = await send(stage, "show servers state www.example.com");
          assert.doesNotMatch(servers, /stranger/);
        }),
    );
  }

  Deno.test(name("a certificate that changed while nobody looked is loaded, and no other"), async () => {
    const folder = await Deno.makeTempDir();
    try {
      const { path } = await makeCertificate(folder, "www.example.com");
      await onTwoHosts(
        program,
        { "tls-cert": path, "https-port": String(freePort()) },
        async (stage, wanted) => {
          await Deno.writeTextFile(path, `${await Deno.readTextFile(path)}\n`);
          await stage.replace();
          assert.equal((await kind(stage, wanted())).kind, "nothing", "its content is the same");
          await makeCertificate(folder, "www.example.com");
          await stage.replace();
          assert.match(planText(await kind(stage, wanted())), /^set ssl cert certs[.]d/);
        },
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
