/** Each change of tests/changes, done with the real haproxy: it has then what a fresh start from the files gives. */
import assert from "node:assert/strict";
import { planText, readSituations, type Situation, want, type Wanted } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { freshState, readState, stateFromDisk } from "./compare.ts";
import { Containers } from "./containers.ts";
import {
  called,
  canAddBackends,
  canAddServers,
  everyProgram as programs,
  onStage,
  send,
  settled,
  type Stage,
} from "./stage.ts";

/** SIGNALBOX_TEST_ALL=1 does each change with each HAProxy; else those between the oldest and the newest share them. */
const DOES_ALL = Deno.env.get("SIGNALBOX_TEST_ALL") !== undefined;
const between = programs.length - 2;

for (const [at, program] of programs.entries()) {
  const isBetween = at > 0 && at <= between;
  for (const [number, situation] of readSituations().entries()) {
    if (!DOES_ALL && isBetween && number % between !== at - 1) continue;
    Deno.test(`${called(program)}: ${situation.sentence}`, () => play(program, situation));
  }
}

async function play(program: HaproxyProgram, situation: Situation): Promise<void> {
  await using containers = new Containers();
  const request = { ...situation, settings: await realSettings(situation.settings) };
  const steps = situation.steps.map((step) => ({ ...step, snapshot: containers.move(step.snapshot) }));
  const wants = (stage: Stage) => steps.map(({ snapshot, note }) => want(stage.routing, snapshot, note));

  const changed = await onStage(program, request, async (stage) => {
    const plans = await plannedKinds(situation, program);
    const requests: Promise<unknown>[] = [];
    for (const [at, wanted] of wants(stage).entries()) {
      const { snapshot = "", note } = steps[at] ?? {};
      await containers.start(snapshot);
      const { plan } = await stage.apply(wanted);
      if (at > 0 && canAddServers(program)) {
        const isRefused = note?.refused !== undefined;
        const kinds = isRefused ? ["reload"] : plans[at - 1] ?? [];
        assert.ok(kinds.includes(plan.kind), `step ${at}, expected ${kinds}: ${planText(plan)}`);
      }
      const upcoming = steps[at + 1]?.note.busy ?? [];
      if (upcoming.length === 0) {
        containers.release();
        await Promise.all(requests.splice(0));
      }
      await containers.endOthers(snapshot);
      if (upcoming.length === 0) await connectionsEnded(stage);
      for (const id of upcoming) requests.push(...await keepBusy(stage, containers, wanted, id));
    }
    containers.release();
    await Promise.all(requests);
    const last = wants(stage).at(-1);
    assert.ok(last !== undefined);
    await settled(stage, last);
    assert.equal((await stage.apply(last)).plan.kind, "nothing", "there is nothing left to do");
    const changed = await readState(stage);
    assert.deepEqual(changed, await stateFromDisk(stage), "the files on the disk say what it has");
    return changed;
  });
  const fresh = await freshState(program, request, (stage) => wants(stage).at(-1) as Wanted);
  assert.deepEqual(changed, fresh);
}

/**
 * What plan.txt says of each step, or the plan of an HAProxy that can add backends, where that is another. A server that is
 * out of traffic while its reload is put off is replaced at run time.
 */
async function plannedKinds({ folder }: Situation, program: HaproxyProgram): Promise<string[][]> {
  const usual = await Deno.readTextFile(new URL("plan.txt", folder));
  const text = canAddBackends(program)
    ? await Deno.readTextFile(new URL("plan-3.4.txt", folder)).catch(() => usual)
    : usual;
  return text.split(/\n\n/).map((part) => {
    const [first = ""] = part.split("\n").filter((line) => !line.startsWith("#"));
    if (first === "nothing" || first === "keep") return [first];
    if (!first.startsWith("reload: ")) return ["runtime"];
    return /^reload: address [^]*^meanwhile: .* state maint$/m.test(part)
      ? ["reload", "runtime"]
      : ["reload"];
  });
}

async function realSettings(settings: Situation["settings"]): Promise<Record<string, string>> {
  if (settings["tls-cert"] === undefined) return settings;
  const { path } = await certificate();
  return { ...settings, "tls-cert": path, "https-port": String(freePort()) };
}

/** Waits until no connection hangs on a server that was told to go. */
async function connectionsEnded(stage: Stage): Promise<void> {
  const sections = [...stage.applier.running?.sections ?? []];
  const leaving = sections.flatMap(([name, { servers }]) =>
    [...servers].filter(([, server]) => server.isLeaving).map(([server]) => `${name}/${server}`)
  );
  await eventually(async () => {
    const replies = await send(stage, ...leaving.map((name) => `show servers conn ${name.split("/")[0]}`));
    return replies.every((reply, at) => {
      const row = reply.split("\n").find((line) => line.startsWith(`${leaving[at]} `))?.split(" ") ?? [];
      // The columns used_cur and idle_cur (management guide, `show servers conn`).
      return row[6] === "0" && row[12] === "0";
    });
  }, { what: "the connections of leaving servers to end" });
}

/** Sends requests that the container holds back, until its server has one; answers with those that are under way. */
async function keepBusy(
  stage: Stage,
  containers: Containers,
  { desired }: Wanted,
  id: string,
): Promise<Promise<unknown>[]> {
  const backend = desired.model.backends.find(({ servers }) =>
    servers.some((server) => server.containerId === id)
  );
  const address = backend?.servers.find((server) => server.containerId === id)?.address;
  if (backend === undefined || address === undefined || containers.held(address) > 0) return [];
  containers.hold(address);
  const requests: Promise<unknown>[] = [];
  const { host, path } = backend;
  await eventually(() => {
    if (containers.held(address) > 0) return true;
    // It is held for as long as the steps take.
    const held = { port: stage.httpPort, host, path: `${path}/held`, limitMs: 120_000 };
    const answer = httpGet(held).then(({ status }) => assert.equal(status, 200, "no request is lost"));
    // Looked at in the end; until then nobody waits for it.
    answer.catch(() => undefined);
    requests.push(answer);
    return false;
  }, { what: `a request to reach ${id}` });
  return requests;
}
