/** After commands HAProxy is asked what it has: good answers to commands are not believed by themselves. */
import assert from "node:assert/strict";
import { Applier } from "../../lib/apply/applier.ts";
import type { Plan } from "../../lib/core/plan/plan.ts";
import { openRouting, want } from "../changes/situation.ts";
import { settled } from "../harness/eventually.ts";
import { Witness } from "../harness/events.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { MemoryHaproxy } from "../harness/memory_haproxy.ts";
import type { MemoryServer, MemoryWorker } from "../harness/memory_worker.ts";

const SECTION = "_spare_1";
const SERVER = "shop.example.com:shop:80";
const ROUTE = "shop.example.com/";

/** What others did to HAProxy in the moment before it is asked whether it did what it was told. */
type Meddling = (worker: MemoryWorker) => void;

type Circumstances = {
  /** How long the first load takes, in milliseconds: for as long no other one begins. */
  readonly tookMs?: number;
  /** Others run HAProxy: it takes no commands. */
  readonly isExternal?: boolean;
  /** The second load is asked for, and refused by the check; HAProxy answers no command then, or does. */
  readonly refused?: "and deaf" | "and heard";
};

/** The plan of a host that takes a spare, after HAProxy was asked about it; and what follows when time has passed. */
async function playWith(meddle: Meddling, { tookMs = 0, isExternal = false, refused }: Circumstances = {}) {
  const clock = new HandClock();
  const haproxy = new MemoryHaproxy();
  if (isExternal) haproxy.capabilities = { canAddServers: false, canAddBackends: false, canSetStates: false };
  haproxy.onLine = (line) => {
    if (/^(show|get) /.test(line)) meddle(haproxy.worker);
    return undefined;
  };
  haproxy.onLoad = ({ end }) => {
    const isRefused = haproxy.loads.length > 1 && refused !== undefined;
    if (haproxy.loads.length === 1) clock.pass(tookMs);
    haproxy.isDeaf = isRefused && refused === "and deaf";
    end(isRefused ? { kind: "rejected", stage: "check", detail: "no" } : undefined);
  };
  const applier = new Applier({ haproxy, clock, report: new Witness() });
  const routing = await openRouting({ "haproxy-version": "2.6" });
  const read = async (step: string) =>
    want(
      routing,
      await Deno.readTextFile(new URL(`../changes/a_new_host_takes_a_spare/${step}.json`, import.meta.url)),
      {},
    );
  const signal = new AbortController().signal;
  const apply = async (step: string) => {
    const { desired, states } = await read(step);
    return await applier.apply(desired, states, signal);
  };
  await apply("before");
  if (refused !== undefined) applier.loader.request.ask({ kind: "asked", detail: "SIGHUP" });
  const first = await apply("after");
  clock.pass(tookMs);
  const second = refused === undefined ? await apply("after") : first;
  const { sent, loads, worker } = haproxy;
  return { first, second, sent, loads: loads.length, worker, owed: applier.loader.request.asked?.kind };
}

const leaveAlone: Meddling = () => undefined;

Deno.test("a change whose servers and routes are there afterwards was done at run time", async () => {
  const { first, second, sent, worker } = await playWith(leaveAlone);
  assert.deepEqual([first.plan.kind, second.plan.kind], ["runtime", "nothing"]);
  for (const question of [`show servers state ${SECTION}`, `get map hosts.map ${ROUTE}`]) {
    assert.ok(sent.includes(question), question);
  }
  assert.equal(worker.sections.get(SECTION)?.get(SERVER)?.state, "ready");
  assert.equal(worker.tables.get("hosts.map")?.get(ROUTE), `${SECTION}|,|shop.example.com`);
});

const WRONG: Readonly<Record<string, Meddling>> = {
  "has no such server": ({ sections }) => sections.get(SECTION)?.delete(SERVER),
  "has one server more": ({ sections }) =>
    sections.get(SECTION)?.set("other", { ...sections.get(SECTION)?.get(SERVER) } as MemoryServer),
  "has the server in maintenance": (worker) => worker.server(SERVER).state = "maint",
  "has the server elsewhere": (worker) => worker.server(SERVER).address = "172.17.1.2",
  "has no such route": ({ tables }) => tables.get("hosts.map")?.delete(ROUTE),
  "leads the route elsewhere": ({ tables }) => tables.get("hosts.map")?.set(ROUTE, "_spare_2"),
  "knows a shorter key alone": ({ tables }) => {
    tables.get("hosts.map")?.delete(ROUTE);
    tables.get("hosts.map")?.set("shop.example", SECTION);
  },
  "has no such table": ({ tables }) => tables.delete("hosts.map"),
};

for (const [what, meddle] of Object.entries(WRONG)) {
  Deno.test(`it is a reload where HAProxy took every command and then ${what}`, async () => {
    const { first: { plan, outcome }, loads } = await playWith(meddle);
    assert.deepEqual(kindsOf(plan), ["diverged"]);
    assert.deepEqual([outcome.kind, loads], ["applied", 2]);
  });

  Deno.test(`it is a reload after the pause, where HAProxy ${what} shortly after another reload`, async () => {
    const { first, second, loads } = await playWith(meddle, { tookMs: 200 });
    assert.deepEqual(first.outcome, { kind: "postponed", forMs: 200 });
    assert.deepEqual([second.outcome.kind, kindsOf(second.plan), loads], ["applied", ["diverged"], 2]);
  });
}

const kindsOf = (plan: Plan): string[] =>
  plan.kind === "reload" ? plan.reasons.map(({ kind }) => kind) : [plan.kind];

Deno.test("an HAProxy that others run is reloaded once for a change, and is told nothing", async () => {
  const { first, second, sent, loads } = await playWith(leaveAlone, { isExternal: true });
  assert.equal(first.plan.kind, "reload");
  assert.deepEqual([second.plan.kind, loads, sent], ["nothing", 2, []]);
});

Deno.test("what was done meanwhile and is not there afterwards is owed a reload, though one is refused", async () => {
  for (const [what, meddle] of Object.entries(WRONG)) {
    const { first, owed } = await playWith(meddle, { refused: "and heard" });
    assert.deepEqual([first.outcome.kind, owed], ["rejected", "diverged"], what);
  }
});

for (const refused of ["and deaf", "and heard"] as const) {
  Deno.test(`a reload that is refused is told as refused, whatever becomes of what needs none: HAProxy is refusing ${refused}`, async () => {
    const { first, sent } = await playWith(leaveAlone, { refused });
    assert.deepEqual([first.plan.kind, first.outcome.kind], ["reload", "rejected"]);
    assert.equal(sent.some((line) => line.startsWith("add server")), refused === "and heard");
  });
}

Deno.test("a server is deleted once HAProxy has answered that it is taken out, however long that takes", async () => {
  const haproxy = new MemoryHaproxy();
  const applier = new Applier({ haproxy, clock: new HandClock(), report: new Witness() });
  const routing = await openRouting({ "haproxy-version": "2.6" });
  const read = async (step: string) => {
    const url = new URL(`../changes/a_server_leaves_and_the_others_stay/${step}.json`, import.meta.url);
    return want(routing, await Deno.readTextFile(url), {});
  };
  const { signal } = new AbortController();
  const [before, after] = [await read("before"), await read("after")];
  await applier.apply(before.desired, before.states, signal);
  const staying = new Set(after.states.keys());
  const left = before.desired.model.backends.flatMap(({ servers }) => servers)
    .find(({ name }) => !staying.has(name));
  assert.ok(left);
  const send = haproxy.send.bind(haproxy);
  const { promise: late, resolve: answer } = Promise.withResolvers<void>();
  haproxy.send = (lines) => late.then(() => send(lines));
  applier.drain.tell(new Set([left.containerId]));
  haproxy.send = send;
  const applying = applier.apply(after.desired, after.states, signal);
  await settled();
  assert.deepEqual(haproxy.sent, [], "the delete would come before what takes it out");
  answer();
  const { plan, outcome } = await applying;
  assert.deepEqual([plan.kind, outcome.kind, haproxy.loads.length], ["runtime", "applied", 1]);
  assert.throws(() => haproxy.worker.server(left.name), /there is no server/);
});
