/** After commands HAProxy is asked what it has: good answers to commands are not believed by themselves. */
import assert from "node:assert/strict";
import { Applier } from "../../lib/apply/applier.ts";
import type { Plan } from "../../lib/core/plan/plan.ts";
import type { HaproxyControl } from "../../lib/ports.ts";
import { openRouting, want } from "../changes/situation.ts";
import { Witness } from "../harness/events.ts";
import { HandClock } from "../harness/hand_clock.ts";

/** What HAProxy says when it is asked, by the question; a question that is not here is answered as all is well. */
type Answers = Readonly<Record<string, string>>;

const SECTION = "_spare_1";
const SERVER = "shop.example.com:shop:80";
const ROUTE = "shop.example.com/";
const row = (state: string, weight = "1 1") =>
  `3 ${SECTION} 9 ${SERVER} 172.17.1.1 2 ${state} ${weight} 1 1 0 2 0 0 0 1 - 80 - 0 0 - - 0\n`;
const entry = (key: string, section: string) =>
  `type=beg, case=sensitive, found=yes, idx=tree, key="${key}", value="${section}", type="str"\n`;

const WELL: Answers = {
  [`show servers state ${SECTION}`]: row("0"),
  [`get map hosts.map ${ROUTE}`]: entry(ROUTE, SECTION),
};

type Circumstances = {
  /** How long the first load takes, in milliseconds: for as long no other one begins. */
  readonly tookMs?: number;
  /** Others run HAProxy: it takes no commands. */
  readonly isExternal?: boolean;
  /** The second load is asked for, and refused by the check; HAProxy answers no command then, or does. */
  readonly refused?: "and deaf" | "and heard";
};

/** The plan of a host that takes a spare, after HAProxy was asked about it; and what follows when time has passed. */
async function playWith(answers: Answers, { tookMs = 0, isExternal = false, refused }: Circumstances = {}) {
  const asked: string[] = [];
  const clock = new HandClock();
  let loads = 0;
  const haproxy = {
    capabilities: { canAddServers: !isExternal, canAddBackends: false, canSetStates: !isExternal },
    findRemains: () => Promise.resolve(undefined),
    expectCommands: () => undefined,
    load: () => {
      clock.pass(loads++ === 0 ? tookMs : 0);
      return Promise.resolve(
        loads > 1 && refused !== undefined
          ? { kind: "rejected", stage: "check", detail: "no" }
          : { kind: "applied" },
      );
    },
    keep: () => Promise.resolve({ kind: "applied" }),
    keepStates: () => Promise.resolve(),
    send: (lines: readonly string[]) =>
      refused === "and deaf" ? Promise.reject(new Error("it is deaf")) : Promise.resolve(lines.map((line) => {
        asked.push(line);
        if (line.startsWith("add server")) return "New server registered.\n";
        return { ...WELL, ...answers }[line] ?? "";
      })),
  } as unknown as HaproxyControl;
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
  return { first, second, asked, loads, owed: applier.loader.request.asked?.kind };
}

Deno.test("a change whose servers and routes are there afterwards was done at run time", async () => {
  const { first, second, asked } = await playWith({});
  assert.deepEqual([first.plan.kind, second.plan.kind], ["runtime", "nothing"]);
  for (const question of Object.keys(WELL)) assert.ok(asked.includes(question), question);
});

const WRONG: Readonly<Record<string, Answers>> = {
  "has no such server": { [`show servers state ${SECTION}`]: "" },
  "has one server more": { [`show servers state ${SECTION}`]: row("0") + row("0").replace(SERVER, "other") },
  "has the server in maintenance": { [`show servers state ${SECTION}`]: row("1") },
  "has the server elsewhere": {
    [`show servers state ${SECTION}`]: row("0").replace("172.17.1.1", "172.17.1.2"),
  },
  "has no such route": { [`get map hosts.map ${ROUTE}`]: "type=beg, case=sensitive, found=no\n" },
  "leads the route elsewhere": { [`get map hosts.map ${ROUTE}`]: entry(ROUTE, "_spare_2") },
  "knows a shorter key alone": { [`get map hosts.map ${ROUTE}`]: entry("shop.example", SECTION) },
  "says what nobody knows of the route": { [`get map hosts.map ${ROUTE}`]: "Unknown map identifier.\n" },
};

for (const [what, answers] of Object.entries(WRONG)) {
  Deno.test(`it is a reload where HAProxy took every command and then ${what}`, async () => {
    const { first: { plan, outcome }, loads } = await playWith(answers);
    assert.deepEqual(kindsOf(plan), ["diverged"]);
    assert.deepEqual([outcome.kind, loads], ["applied", 2]);
  });

  Deno.test(`it is a reload after the pause, where HAProxy ${what} shortly after another reload`, async () => {
    const { first, second, loads } = await playWith(answers, { tookMs: 200 });
    assert.deepEqual(first.outcome, { kind: "postponed", forMs: 200 });
    assert.deepEqual([second.outcome.kind, kindsOf(second.plan), loads], ["applied", ["diverged"], 2]);
  });
}

const kindsOf = (plan: Plan): string[] =>
  plan.kind === "reload" ? plan.reasons.map(({ kind }) => kind) : [plan.kind];

Deno.test("an HAProxy that others run is reloaded once for a change, and is told nothing", async () => {
  const { first, second, asked, loads } = await playWith({}, { isExternal: true });
  assert.equal(first.plan.kind, "reload");
  assert.deepEqual([second.plan.kind, loads, asked], ["nothing", 2, []]);
});

Deno.test("what was done meanwhile and is not there afterwards is owed a reload, though one is refused", async () => {
  for (const [what, answers] of Object.entries(WRONG)) {
    const { first, owed } = await playWith(answers, { refused: "and heard" });
    assert.deepEqual([first.outcome.kind, owed], ["rejected", "diverged"], what);
  }
});

for (const refused of ["and deaf", "and heard"] as const) {
  Deno.test(`a reload that is refused is told as refused, whatever becomes of what needs none: HAProxy is refusing ${refused}`, async () => {
    const { first, asked } = await playWith({}, { refused });
    assert.deepEqual([first.plan.kind, first.outcome.kind], ["reload", "rejected"]);
    assert.equal(asked.some((line) => line.startsWith("add server")), refused === "and heard");
  });
}
