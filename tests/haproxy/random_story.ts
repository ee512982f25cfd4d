/** A sequence of random changes, what happens beside them, and what HAProxy has after each. */
import assert from "node:assert/strict";
import type { ContainerId } from "../../lib/core/values/names.ts";
import type { TcpPart } from "../../lib/core/config/tcp_part.ts";
import { readTcp } from "../../lib/core/plan/parse_config.ts";
import { keepBeforeHttps } from "../../lib/core/state/kept_listener.ts";
import { HOSTS_MAP } from "../../lib/core/values/table.ts";
import type { Plan } from "../../lib/core/plan/plan.ts";
import type { Operation } from "../../lib/core/runtime/operation.ts";
import { type Note, planText, want, type Wanted } from "../changes/situation.ts";
import { reloadReasonText } from "../../lib/core/plan/reload_reason.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { freshState, readState, type State, stateFromDisk } from "./compare.ts";
import { compareFresh } from "./compare_fresh.ts";
import { Containers } from "./containers.ts";
import type { Cause, ReloadTally } from "./reload_tally.ts";
import { onStage, send, settled, type Stage, type StageRequest } from "./stage.ts";
import { withRows } from "./test_table.ts";
import { type ACCIDENTS, Universe } from "./universe.ts";

/** Where the fresh HAProxy listens. */
const FRESH_ADDRESS = "127.0.0.2";
/** A container holds a request for up to four steps, each with a comparison. */
const HELD_MS = 120_000;

/** One sequence to play; a long one has every key, and is compared after each step. */
export type Play = {
  readonly program: HaproxyProgram;
  readonly seed: number;
  readonly steps: number;
  readonly tally: ReloadTally;
  readonly isLong: boolean;
};

/** Plays a sequence; what it throws tells all its steps. */
export async function play(asked: Play): Promise<void> {
  const { program, seed } = asked;
  const steps: string[] = [];
  let said: readonly string[] = [];
  const { path } = await certificate();
  const request = {
    settings: { "default-domain": "example.com", "tls-cert": path, "https-port": String(freePort()) },
  };
  try {
    await using containers = new Containers();
    const { changed, wanted } = await onStage(program, request, (stage) => {
      said = stage.report.lines;
      return new Story(stage, containers, asked, request, steps).tell();
    });
    const fresh = await freshState(program, request, (stage) => wanted(stage));
    assert.deepEqual(changed, fresh);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    const log = said.filter((line) => !/Proxy .* stopped/.test(line)).slice(-40);
    throw new Error(`seed ${seed}, after these steps:\n${steps.join("\n")}\n${why}\n${log.join("\n")}`);
  }
}

/** One sequence of changes, and what happens beside them. */
class Story {
  readonly #universe: Universe;
  #requests: Promise<unknown>[] = [];
  #snapshot = "[]";
  #note: Note = {};
  #tcp: TcpPart | undefined;
  #wanted: Wanted;

  constructor(
    readonly stage: Stage,
    readonly containers: Containers,
    readonly asked: Play,
    readonly request: StageRequest,
    readonly steps: string[],
  ) {
    this.#universe = new Universe(asked.seed, asked.isLong ? "whole" : "route");
    this.#wanted = this.#want(stage);
  }

  async tell(): Promise<{ readonly changed: State; readonly wanted: (stage: Stage) => Wanted }> {
    await this.#apply("start");
    for (let count = 0; count < this.asked.steps; count++) {
      this.steps.push(`${count + 1}. ${this.#universe.step()}`);
      await this.#apply("change", `seed ${this.asked.seed}, step ${count + 1}`);
      // Requests that are under way keep servers that are told to go from being deleted, until later.
      if (count % 4 === 1) await this.#keepBusy(this.#universe.pickHost());
      if (count % 4 === 3) await this.#release();
      if (this.asked.isLong) await this.#compare();
      const accident = this.#universe.accident();
      if (accident === undefined) continue;
      this.steps.push(`   ${accident}`);
      await this.#happen(accident);
    }
    await this.#settle();
    assert.equal((await this.#apply()).kind, "nothing", "there is nothing left to do");
    return { changed: await readState(this.stage), wanted: (stage) => this.#want(stage) };
  }

  #want(stage: Stage): Wanted {
    const wanted = withKept(
      stage,
      want(stage.routing, this.#snapshot, this.#note),
      stage === this.stage ? this.#tcp : undefined,
    );
    // A table beside the routes changes with them: a row for each host, and its value with the number of its servers.
    const { backends } = wanted.desired.model;
    return withRows(
      wanted,
      Object.fromEntries(
        backends.map(({ name, servers }) => [name, `${servers.length} servers; "as it is"`]),
      ),
    );
  }

  /** Looks at the world, and does what is to be done. */
  async #apply(cause: Cause = "accident", where = ""): Promise<Plan> {
    const { stage, containers, steps } = this;
    this.#snapshot = containers.move(this.#universe.snapshot);
    this.#note = this.#universe.note;
    await containers.start(this.#snapshot);
    this.#tcp = await tcpOf(stage);
    this.#wanted = this.#want(stage);
    stage.stopping.clear();
    this.#stoppingIds().forEach((id) => stage.stopping.add(id));
    const { plan } = await stage.apply(this.#wanted);
    this.asked.tally.count(plan, cause, where);
    steps.push(
      `   ${plan.kind}${plan.kind === "reload" ? `: ${plan.reasons.map(reloadReasonText).join("; ")}` : ""}`,
    );
    const surprises = stage.report.of("diverged").map(({ detail }) => detail);
    assert.ok(surprises.every(isExpected), surprises.join("\n"));
    return plan;
  }

  #stoppingIds(): ContainerId[] {
    const servers = this.#wanted.desired.model.backends.flatMap((backend) => backend.servers);
    return servers.filter(({ gate }) => gate === "stopping").map(({ containerId }) => containerId);
  }

  /** It has what a fresh start gives, and answers as that one does. */
  async #compare(): Promise<void> {
    const isSettled = this.#requests.length === 0;
    if (isSettled) await this.#settle();
    // What TLS ends for is named by its port: the fresh one has the same port, at another address.
    const settings = { ...this.request.settings, bind: FRESH_ADDRESS };
    await compareFresh(this.stage, this.asked.program, { settings }, {
      want: (stage) => this.#want(stage),
      hosts: this.#universe.hosts,
      isSettled,
    });
  }

  /** No request is under way any more, and nothing waits for its end. */
  async #settle(): Promise<void> {
    await this.#release();
    await this.containers.endOthers(this.#snapshot);
    await settled(this.stage, this.#wanted);
  }

  async #release(): Promise<void> {
    this.containers.release();
    await Promise.all(this.#requests.splice(0));
  }

  async #happen(accident: typeof ACCIDENTS[number]): Promise<void> {
    const { stage } = this;
    switch (accident) {
      case "another signalbox takes over": {
        await stage.replace();
        await this.#adopt();
        break;
      }
      case "HAProxy crashes": {
        await this.#settle();
        const before = await readState(stage);
        const adopt = () => this.#adopt();
        assert.deepEqual(await stateFromDisk(stage, adopt), before, "a start from the files on the disk");
        break;
      }
      case "a reload is asked for":
        stage.applier.loader.request.ask({ kind: "asked", detail: accident });
        assert.equal((await this.#apply()).kind, "reload");
        break;
      case "somebody takes a server out": {
        const ready = this.#servers().filter(({ state }) => state === "ready");
        await this.#mend(this.#universe.pick(ready), ({ name }) => `set server ${name} state maint`);
        break;
      }
      case "somebody gives a server another weight": {
        const dynamic = this.#servers().filter(({ isDynamic }) => isDynamic);
        await this.#mend(this.#universe.pick(dynamic), ({ name }) => `set server ${name} weight 77`);
        break;
      }
      case "somebody removes a route": {
        const keys = [...stage.applier.running?.tables.get(HOSTS_MAP)?.keys() ?? []];
        await this.#mend(this.#universe.pick(keys), (key) => `del map hosts.map ${key}`);
        break;
      }
      case "a container is told to stop before it is looked at": {
        const name = this.#universe.tellToStop();
        this.#note = this.#universe.note;
        this.#stoppingIdsOf(name).forEach((id) => stage.stopping.add(id));
        stage.applier.drain.tell(stage.stopping);
        await stage.applier.drain.done;
        const held = this.#servers().filter(({ id }) => stage.stopping.has(id));
        const isLast = held.some(({ state }) => state === "ready");
        this.steps.push(`   ${name}${isLast ? ", which is left to the pass" : ""}`);
        await this.#apply();
        break;
      }
    }
  }

  /** Reads back what HAProxy has, and finds that as it should be. */
  async #adopt(): Promise<void> {
    const plan = await this.#apply();
    // What waits for its last connections is asked for again; else there is nothing to do.
    const isRest = plan.kind === "runtime" && plan.operations.every(isRemoval);
    assert.ok(plan.kind === "nothing" || isRest || this.#isUnclear(plan), planText(plan));
  }

  /** What was deleted and came back with other options or settings does not tell which of them it has. */
  #isUnclear(plan: Plan): boolean {
    const { stage: { haproxy: { capabilities } }, asked: { isLong } } = this;
    return plan.kind === "reload" &&
      plan.reasons.map(reloadReasonText).every((reason) =>
        capabilities.canAddBackends && /^options of \S+ differ$/.test(reason) ||
        // Only the whole vocabulary has keys that change a server's line, and nothing else.
        isLong && /^address or settings of \S+ differ$/.test(reason)
      );
  }

  #stoppingIdsOf(name: string | undefined): ContainerId[] {
    const servers = this.#wanted.desired.model.backends.flatMap((backend) => backend.servers);
    return servers.filter(({ containerName }) => containerName === name).map(({ containerId }) =>
      containerId
    );
  }

  /** The servers that HAProxy has and should have. */
  #servers() {
    const byName = new Map(
      this.#wanted.desired.model.backends.flatMap((backend) => backend.servers).map((
        each,
      ) => [each.name, each]),
    );
    return [...this.stage.applier.running?.sections ?? []].flatMap(([section, { servers, isDynamic }]) =>
      [...servers].flatMap(([name, { state }]) => {
        const id = byName.get(name)?.containerId;
        return id === undefined ? [] : [{ name: `${section}/${name}`, state, id, isDynamic }];
      })
    );
  }

  /** Somebody says something to HAProxy's socket: the audit finds it, and it is put right. */
  async #mend<T>(whom: T | undefined, command: (whom: T) => string): Promise<void> {
    if (whom === undefined) return;
    const before = await this.#stateBefore();
    this.steps.push(`   ${command(whom)}`);
    // Right after a reload, once in a while, an old worker answers that has not heard yet that it is to go.
    await eventually(async () => (await send(this.stage, command(whom))).join().trim() === "", {
      what: `"${command(whom)}" to be done`,
    });
    assert.notDeepEqual(await this.stage.applier.audit(), [], "the audit finds it");
    await this.#apply();
    assert.deepEqual(await readState(this.stage), before);
  }

  async #stateBefore(): Promise<State> {
    await this.#settle();
    return await readState(this.stage);
  }

  /** Sends a request to a host, and comes back once a container holds it, or once it was answered otherwise. */
  async #keepBusy(host: string): Promise<void> {
    const { stage, containers, steps } = this;
    containers.holdAll();
    const answer = httpGet({ port: stage.httpPort, host, path: "/held", limitMs: HELD_MS });
    answer.catch(() => undefined);
    const isHeld = await Promise.race([containers.nextHeld().then(() => true), answer.then(() => false)]);
    steps.push(`   a request to ${host} ${isHeld ? "is under way" : `is answered ${(await answer).status}`}`);
    this.#requests.push(answer);
  }
}

/** What is wanted where the frontend of TCP before HTTPS stays until HAProxy starts anew, as the loop has it stay. */
function withKept({ routing }: Stage, wanted: Wanted, tcp: TcpPart | undefined): Wanted {
  const { model } = wanted.desired;
  const kept = keepBeforeHttps(model, tcp);
  return kept === model ? wanted : { ...wanted, desired: routing.design.render(kept) };
}

/** What its HAProxy has for TCP, as the loop finds it: one that is taken over tells it by its files alone. */
async function tcpOf({ applier, haproxy }: Stage): Promise<TcpPart | undefined> {
  if (applier.running !== undefined) return applier.running.tcp;
  const config = await haproxy.loadedConfig();
  return config === undefined ? undefined : readTcp(config);
}

const isRemoval = ({ kind }: Operation): boolean =>
  kind === "delete-server" || kind === "unpublish-backend" || kind === "delete-backend";

/** What comes back at another address while its old server still has requests is refused, and reloaded. */
const isExpected = (surprise: string): boolean => /already used|[Aa]lready exists/.test(surprise);
