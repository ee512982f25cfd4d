/** A reload is proven: what is refused changes nothing, what was held or down stays so, and old workers end. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import type { ReloadReason } from "../../lib/core/plan/reload_reason.ts";
import { askMaster, askWorker } from "../../lib/haproxy/socket/worker.ts";
import { type Note, openRouting, want, type Wanted } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import type { ContainerId } from "../../lib/core/values/names.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { Containers } from "./containers.ts";
import { called, canAddServers, inTurn, onStage, programs, type Stage, type StageRequest } from "./stage.ts";

const HOST = "www.example.com";

/** However long fifty reloads take, no request that waits for them is ended meanwhile. */
const PATIENT = { "server-timeout": "600000", "client-timeout": "600000" };

/** As `mworker-max-reloads` says in process.cfg. */
const MOST_OLD = 50;

/** A host of two containers that serves already. */
async function onWeb(
  program: HaproxyProgram,
  request: StageRequest,
  act: (stage: Stage, containers: Containers, snapshot: string) => Promise<void>,
  note: Note = {},
): Promise<void> {
  await using containers = new Containers();
  const text = await Deno.readTextFile(new URL("../changes/nothing_changed/before.json", import.meta.url));
  const quick = text.replaceAll(
    '"Config": {',
    '"Config": {"Labels": {"interlock.health_check_interval": "1000"},',
  );
  const snapshot = containers.move(quick);
  await containers.start(snapshot);
  await onStage(program, request, async (stage) => {
    await stage.apply(want(stage.routing, snapshot, note));
    await act(stage, containers, snapshot);
  });
}

const get = (stage: Stage) => httpGet({ port: stage.httpPort, host: HOST, limitMs: 15_000 });

/** Asks again and again until it is told to end; answers with how many requests failed, and how many there were. */
function keepAsking(stage: Stage): { readonly end: () => Promise<{ failed: number; all: number }> } {
  const seen = { failed: 0, all: 0 };
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      seen.all++;
      await get(stage).then(({ status }) => status === 200 || seen.failed++, () => seen.failed++);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await asking;
      return seen;
    },
  };
}

const asked = (detail: string): ReloadReason => ({ kind: "asked", detail });

async function reload(stage: Stage, wanted: Wanted): Promise<void> {
  stage.applier.loader.request.ask(asked("the test wants it"));
  assert.equal((await stage.apply(wanted)).plan.kind, "reload");
}

const worker = (stage: Stage) =>
  eventually(() => askWorker(stage.haproxy.socket, systemClock), { what: "a worker to answer" });

for (const program of programs) {
  for (const [how, isReload] of [["at run time", false], ["by a reload", true]] as const) {
    Deno.test(`${called(program)}: a container that is told to stop while a pass is under way is not given back by it, ${how}`, () =>
      onWeb(program, { settings: {} }, async (stage, _, snapshot) => {
        const all = want(stage.routing, snapshot, {});
        if (isReload) stage.applier.loader.request.ask(asked("the test wants it"));
        await stage.apply(all, () => {
          for (const { servers } of all.desired.model.backends) {
            for (const { containerId } of servers) {
              if (containerId === "web1") stage.stopping.add(containerId);
            }
          }
          stage.applier.drain.tell(stage.stopping);
          return Promise.resolve(all.states);
        });
        await stage.applier.drain.done;
        const servers = (await stage.haproxy.reportServers()).filter(({ section }) => section === HOST);
        assert.deepEqual(servers.map(({ name, isReady }) => [name.split(":")[1], isReady]), [
          ["web1", false],
          ["web2", true],
        ]);
      }, { not_ready: ["web1"] }));
  }
}

for (const program of programs) {
  const name = (sentence: string) => `${called(program)}: ${sentence}`;

  Deno.test(
    name("a config that the check lets through and the reload refuses leaves the last good one"),
    async () => {
      await using wrapper = await blindWrapper(program);
      await onWeb(program, { wrapper: wrapper.path }, async (stage, _containers, snapshot) => {
        const good = want(stage.routing, snapshot, {});
        const files = new Map(good.desired.files);
        files.set("haproxy.cfg", `${files.get("haproxy.cfg")}\n    no-such-keyword\n`);
        const before = await Deno.readLink(`${stage.stateDir}/current`);
        const { description } = await worker(stage);
        const asking = keepAsking(stage);

        const desired = { ...good.desired, files, fixed: "another" };
        const { outcome } = await inTurn(() =>
          stage.applier.apply(desired, good.states, new AbortController().signal)
        );
        assert.equal(outcome.kind, "rejected");
        assert.equal(outcome.kind === "rejected" && outcome.stage, "load");
        assert.equal(await Deno.readLink(`${stage.stateDir}/current`), before);
        assert.equal((await worker(stage)).description, description);
        const { failed, all } = await asking.end();
        assert.equal(failed, 0, `of ${all}`);

        // HAProxy 3.2 refuses connections for a moment now: its new worker does not get the listeners of the old one.
        await reload(stage, good);
        assert.notEqual((await worker(stage)).description, description, "the next good one is taken up");
        assert.equal((await get(stage)).status, 200);
        assert.equal(stage.restarts(), 0);
      });
    },
  );

  Deno.test(
    name("what needs no reload is done though a reload is refused, for as long as it is"),
    () =>
      onWeb(program, {}, async (stage, containers, snapshot) => {
        const before = await worker(stage);
        const all = JSON.parse(snapshot);
        const shop = {
          ...all[0],
          Id: "shop",
          Name: "/shop",
          Config: { ...all[0].Config, Hostname: "shop.example.com" },
        };
        const more = JSON.stringify([...all, shop]);
        await containers.start(more);
        // A listener's certificate is broken, say: the config is refused as a whole.
        const broken = (wanted: Wanted): Wanted => {
          const files = new Map(wanted.desired.files);
          files.set("haproxy.cfg", `${files.get("haproxy.cfg")}\n    no-such-keyword\n`);
          return { ...wanted, desired: { ...wanted.desired, files, fixed: "another" } };
        };
        const apply = async (wanted: Wanted) => {
          const { desired, states } = broken(wanted);
          const { plan, outcome } = await inTurn(() =>
            stage.applier.apply(desired, states, new AbortController().signal)
          );
          return plan.kind === "blocked" ? plan.kind : outcome.kind;
        };
        const answers = async (host: string) =>
          (await httpGet({ port: stage.httpPort, host, limitMs: 15_000 })).status;
        assert.equal(await apply(want(stage.routing, more, { not_ready: ["shop"] })), "rejected");
        assert.equal(await answers("shop.example.com"), canAddServers(program) ? 503 : 404);
        assert.equal(await apply(want(stage.routing, more, {})), "blocked", "it is not tried again as it is");
        assert.equal(await answers("shop.example.com"), canAddServers(program) ? 200 : 404);
        assert.equal(await apply(want(stage.routing, snapshot, { stopping: ["web2"] })), "rejected");
        const bodies = await Promise.all(Array.from({ length: 8 }, async () => (await get(stage)).body));
        assert.deepEqual([...new Set(bodies)], ["127.17.0.2"]);
        assert.equal(await answers("shop.example.com"), 404);
        assert.equal((await worker(stage)).pid, before.pid);
      }),
  );

  Deno.test(
    name(
      "a reload that is asked for while another is under way is done after it, and after as long a pause as that took",
    ),
    () =>
      onWeb(program, {}, async (stage, _containers, snapshot) => {
        const wanted = want(stage.routing, snapshot, {});
        stage.applier.loader.request.ask(asked("the first"));
        const first = stage.apply(wanted);
        await eventually(() => stage.applier.loader.request.isLoading, {
          what: "the first reload to begin",
          everyMs: 1,
        });
        stage.applier.loader.request.ask(asked("the second"));
        assert.deepEqual((await first).plan, {
          kind: "reload",
          reasons: [asked("the first")],
          meanwhile: [],
        });
        assert.deepEqual((await stage.apply(wanted)).plan, {
          kind: "reload",
          reasons: [asked("the second")],
          meanwhile: [],
        });
        assert.equal((await stage.apply(wanted)).plan.kind, "nothing");
      }),
  );

  Deno.test(
    name("a listener that cannot be had for IPv6 alone is refused before anything is reloaded"),
    async () => {
      using taken = Deno.listen({ hostname: "::1", port: freePort() });
      await onWeb(program, {}, async (stage, _containers, snapshot) => {
        const before = await worker(stage);
        // Without an address, HAProxy listens on all of both families.
        const routing = await openRouting({ "http-port": String(taken.addr.port) });
        const { desired, states } = want(routing, snapshot, {});
        const { outcome } = await inTurn(() =>
          stage.applier.apply(desired, states, new AbortController().signal)
        );
        assert.match(
          outcome.kind === "rejected" ? outcome.detail : "it was applied",
          /cannot listen on :::\d+/,
        );
        assert.equal((await worker(stage)).pid, before.pid);
        assert.equal((await get(stage)).status, 200);
      });
    },
  );

  Deno.test(
    name("a listener that HAProxy itself has on all addresses is no obstacle to one on a single address"),
    () =>
      onWeb(program, { settings: { bind: "0.0.0.0" } }, async (stage, _containers, snapshot) => {
        await stage.replace({ bind: "127.0.0.1" });
        const { desired, states } = want(stage.routing, snapshot, {});
        const { outcome } = await inTurn(() =>
          stage.applier.apply(desired, states, new AbortController().signal)
        );
        assert.equal(outcome.kind, "applied", JSON.stringify(outcome));
        assert.equal((await get(stage)).status, 200);
      }),
  );

  Deno.test(
    name("a listener that HAProxy has on one address is no obstacle to one on all"),
    () =>
      onWeb(program, {}, async (stage, _containers, snapshot) => {
        await stage.replace({ bind: "0.0.0.0" });
        const { desired, states } = want(stage.routing, snapshot, {});
        const { outcome } = await inTurn(() =>
          stage.applier.apply(desired, states, new AbortController().signal)
        );
        assert.equal(outcome.kind, "applied", JSON.stringify(outcome));
        const answer = await httpGet({
          port: stage.httpPort,
          host: HOST,
          address: "127.0.0.2",
          limitMs: 15_000,
        });
        assert.equal(answer.status, 200);
      }),
  );

  Deno.test(
    name(
      "a server is taken out of the old worker while a reload is under way, and out of the new one after it",
    ),
    () =>
      onWeb(program, {}, async (stage, _containers, snapshot) => {
        const old = await worker(stage);
        stage.applier.loader.request.ask(asked("a reload"));
        const loading = stage.apply(want(stage.routing, snapshot, {}));
        await eventually(() => stage.applier.loader.request.isLoading, {
          what: "the reload to begin",
          everyMs: 1,
        });
        stage.stopping.add("web1" as ContainerId);
        stage.applier.drain.tell(stage.stopping);
        await stage.applier.drain.done;
        const ready = async () => (await stage.haproxy.reportServers(HOST)).map(({ isReady }) => isReady);
        // It answers for as long as the new one has not taken its place, which may be at any moment.
        const [before, whileOld, after] = [await worker(stage), await ready(), await worker(stage)];
        if (before.pid === old.pid && after.pid === old.pid) assert.deepEqual(whileOld, [false, true]);
        await loading;
        await stage.apply(want(stage.routing, snapshot, { stopping: ["web1"] }));
        assert.deepEqual(await ready(), [false, true]);
      }),
  );

  Deno.test(name("a listener that cannot be had is refused before anything is reloaded"), async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await onWeb(program, {}, async (stage, _containers, snapshot) => {
      const before = await worker(stage);
      const routing = await openRouting({ bind: "127.0.0.1", "http-port": String(taken.addr.port) });
      const { desired, states } = want(routing, snapshot, {});
      const { outcome } = await inTurn(() =>
        stage.applier.apply(desired, states, new AbortController().signal)
      );
      assert.match(outcome.kind === "rejected" ? outcome.detail : "it was applied", /cannot listen on/);
      assert.equal((await worker(stage)).pid, before.pid);
      assert.equal((await get(stage)).status, 200);
    });
  });

  Deno.test(
    name("a server that was held is held after a reload, and ready when it is told so"),
    () =>
      onWeb(program, {}, async (stage, _containers, snapshot) => {
        const held = want(stage.routing, snapshot, { not_ready: ["web2"] });
        await reload(stage, held);
        const reported = await stage.haproxy.reportServers(HOST);
        assert.deepEqual(reported.map(({ isReady }) => isReady), [true, false]);
        const bodies = await Promise.all(Array.from({ length: 8 }, async () => (await get(stage)).body));
        assert.deepEqual([...new Set(bodies)], ["127.17.0.2"]);

        await stage.apply(want(stage.routing, snapshot, {}));
        const both = await Promise.all(Array.from({ length: 8 }, async () => (await get(stage)).body));
        assert.deepEqual([...new Set(both)].sort(), ["127.17.0.2", "127.17.0.3"]);
      }, { not_ready: ["web2"] }),
  );

  Deno.test(
    name("a server whose check failed is down after a reload, and up when its check succeeds"),
    () =>
      onWeb(program, {}, async (stage, containers, snapshot) => {
        const wanted = want(stage.routing, snapshot, {});
        const isUp = async () => (await stage.haproxy.reportServers(HOST)).map((server) => server.isUp);
        await containers.end("127.17.0.3");
        // A server that was up needs three checks to be found dead, one that has just been loaded needs one.
        await reload(stage, wanted);
        await eventually(async () => (await isUp())[1] === false, { what: "web2 to be found dead" });

        // HAProxy asks web2 half a second after it began: until then it knows only what it was told.
        await reload(stage, wanted);
        assert.deepEqual(await isUp(), [true, false]);
        const bodies = await Promise.all(Array.from({ length: 8 }, async () => (await get(stage)).body));
        assert.deepEqual([...new Set(bodies)], ["127.17.0.2"]);
        await containers.start(snapshot);
        await eventually(async () => (await isUp())[1] === true, { what: "web2 to be found alive" });
      }),
  );

  Deno.test(
    name("reloads one after the other lose no request, and the old workers end"),
    () =>
      onWeb(program, {}, async (stage, _containers, snapshot) => {
        const wanted = want(stage.routing, snapshot, {});
        const pids = new Set([(await worker(stage)).pid]);
        const asking = keepAsking(stage);
        for (let count = 0; count < 5; count++) {
          await reload(stage, wanted);
          // For a moment after a reload the worker before may still take connections to the socket.
          const another = async () => {
            const { pid } = await worker(stage);
            return pids.has(pid) ? undefined : pid;
          };
          pids.add(await eventually(another, { what: "another worker to answer" }));
        }
        const { failed, all } = await asking.end();
        assert.equal(failed, 0, `of ${all}`);
        assert.equal(pids.size, 6);
        await eventually(
          async () => (await askMaster(`${stage.stateDir}/master.sock`, systemClock))?.oldWorkers === 0,
          {
            what: "the old workers to end",
          },
        );
      }),
  );
}

/** An haproxy whose check finds nothing wrong with anything. */
async function blindWrapper(program: HaproxyProgram): Promise<{ path: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-wrapper-" });
  const path = `${folder}/haproxy`;
  await Deno.writeTextFile(path, `#!/bin/sh\n[ "$1" != -c ] || exit 0\nexec '${program.path}' "$@"\n`, {
    mode: 0o755,
  });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

// It is the same of all between, and takes a minute.
for (
  const program of programs.filter(({ addsBackends }, at, { length }) =>
    at === 0 || (at >= length - 2 && !addsBackends)
  )
) {
  Deno.test(`${called(program)}: old workers that do not end are no more than fifty, and the newest are kept`, () =>
    onWeb(program, { settings: PATIENT }, async (stage, containers, snapshot) => {
      const wanted = want(stage.routing, snapshot, {});
      containers.holdAll();
      const endings: string[] = [];
      const requests: Promise<unknown>[] = [];
      for (let count = 0; count < MOST_OLD + 4; count++) {
        const answer = httpGet({ port: stage.httpPort, host: HOST, path: "/held", limitMs: 600_000 });
        requests.push(
          answer.then(({ status }) => endings[count] = `${status}`, () => endings[count] = "cut"),
        );
        await containers.nextHeld();
        await reload(stage, wanted);
      }
      await eventually(
        async () => (await askMaster(`${stage.stateDir}/master.sock`, systemClock))?.oldWorkers === MOST_OLD,
        {
          what: `${MOST_OLD} old workers to be left`,
        },
      );
      containers.release();
      await Promise.all(requests);
      const cut = endings.filter((ending) => ending === "cut").length;
      assert.ok(cut > 0 && cut <= 4, `${cut} of ${endings}`);
      assert.deepEqual(endings.slice(cut), Array(endings.length - cut).fill("200"), "the oldest go first");
    }));
}

for (const program of programs) {
  Deno.test(`${called(program)}: an old worker that does not end by itself ends when its time is over`, () =>
    onWeb(program, { settings: { "hard-stop-after": "1500" } }, async (stage, containers, snapshot) => {
      const oldWorkers = async () =>
        (await askMaster(`${stage.stateDir}/master.sock`, systemClock))?.oldWorkers;
      containers.holdAll();
      const held = httpGet({ port: stage.httpPort, host: HOST, path: "/held" })
        .then(({ status }) => `${status}`, () => "cut");
      await containers.nextHeld();
      // From before the reload on: its time may be over once the new one is proven.
      const isSeen = eventually(async () => await oldWorkers() === 1, {
        what: "the old worker to be seen",
        everyMs: 1,
      });
      await reload(stage, want(stage.routing, snapshot, {}));
      await isSeen;
      assert.equal(await held, "cut", "the container is silent yet");
      await eventually(async () => await oldWorkers() === 0, { what: "the old worker to end" });
      containers.release();
    }));
}

for (const program of programs.filter(canAddServers)) {
  Deno.test(`${called(program)}: a container that moves while a request hangs on it is a reload, and no divergence`, () =>
    onWeb(program, {}, async (stage, containers, snapshot) => {
      containers.holdAll();
      const held = Array.from(
        { length: 2 },
        () => httpGet({ port: stage.httpPort, host: HOST, path: "/held" }).then(({ status }) => status),
      );
      for (const _ of held) await containers.nextHeld();
      await stage.apply(want(stage.routing, snapshot, { stopping: ["web2"] }));
      const all = JSON.parse(snapshot) as { Id: string }[];
      const gone = JSON.stringify(all.filter(({ Id }) => !Id.startsWith("web2")));
      await stage.apply(want(stage.routing, gone, {}));
      const moved = snapshot.replaceAll("127.17.0.3", "127.17.0.33");
      await containers.start(moved);
      const { plan } = await stage.apply(want(stage.routing, moved, {}));
      assert.deepEqual(plan.kind === "reload" && plan.reasons.map(({ kind }) => kind), ["live-server"]);
      assert.deepEqual(stage.report.of("diverged"), []);
      const refused = stage.report.of("haproxy-printed").filter(({ line }) =>
        /custom id|[Aa]lready exists/.test(line)
      );
      assert.deepEqual(refused, []);
      containers.release();
      assert.deepEqual(await Promise.all(held), [200, 200]);
      const bodies = await Promise.all(Array.from({ length: 8 }, async () => (await get(stage)).body));
      assert.deepEqual([...new Set(bodies)].sort(), ["127.17.0.2", "127.17.0.33"]);
    }));
}
