/** The real haproxy as signalbox owns it, with containers that are listeners on the loopback. */
import { Applier } from "../../lib/apply/applier.ts";
import type { Applied } from "../../lib/apply/reload.ts";
import type { Routing } from "../../lib/cli/routing.ts";
import { systemChance, systemClock } from "../../lib/clock.ts";
import type { ContainerId } from "../../lib/core/values/names.ts";
import type { Capabilities } from "../../lib/core/plan/capabilities.ts";
import { CommandSocket } from "../../lib/haproxy/socket/command_socket.ts";
import { findIdentity } from "../../lib/haproxy/process/identity.ts";
import { OwnedHaproxy } from "../../lib/haproxy/owned_haproxy.ts";
import { findHaproxy } from "../../lib/haproxy/process/program.ts";
import type { HaproxyEvent } from "../../lib/ports.ts";
import { openRouting, type Wanted } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { Witness } from "../harness/events.ts";
import { haproxies, type HaproxyProgram } from "../harness/haproxies.ts";
import { freePort } from "../harness/http.ts";
import { untilOldAreDeaf } from "./old_workers.ts";

/** Every haproxy that is here; there is at least one. One that can add backends stands for two. */
export const everyProgram: readonly HaproxyProgram[] = (await haproxies()).flatMap((program) =>
  isAtLeast(program, 3, 4) ? [program, { ...program, addsBackends: true }] : [program]
);

/** The same, of which each file of tests takes one between the oldest and 3.4, by its name; SIGNALBOX_TEST_ALL=1 takes all. */
export const programs: readonly HaproxyProgram[] = Deno.env.get("SIGNALBOX_TEST_ALL") !== undefined
  ? everyProgram
  : shareOf(everyProgram, Deno.mainModule);

function shareOf(all: readonly HaproxyProgram[], file: string): readonly HaproxyProgram[] {
  const between = all.filter((program, at) => at > 0 && !isAtLeast(program, 3, 4));
  const taken = between[
    [...file.slice(file.lastIndexOf("/"))].reduce((sum, each) => sum + each.charCodeAt(0), 0) %
    between.length
  ];
  return all.filter((program) => !between.includes(program) || program === taken);
}

if (programs.length === 0) {
  throw new Error("there is no haproxy here: install it, then run scripts/dev haproxies");
}

/** Whether servers can be added while it runs; else each test's name says that it took the other way. */
export const canAddServers = (program: HaproxyProgram): boolean => isAtLeast(program, 2, 6);

/** Whether backends are added while it runs. */
export const canAddBackends = (program: HaproxyProgram): boolean => program.addsBackends === true;

function isAtLeast({ version }: HaproxyProgram, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split(".").map(Number);
  return first > major || (first === major && second >= minor);
}

/** The front of a test's name: the version, and the way that it goes where it lacks a feature. */
export function called(program: HaproxyProgram): string {
  const way = canAddBackends(program)
    ? " (by add backend)"
    : canAddServers(program)
    ? ""
    : " (by reloads, as it cannot add servers)";
  return `haproxy ${program.version}${way}`;
}

/** What a stage may have that is not as usual. */
export type StageRequest = {
  readonly settings?: Readonly<Record<string, string>>;
  /** What the config asks for by name, beside what the settings give. */
  readonly env?: Readonly<Record<string, string>>;
  /** False to let it believe that HAProxy is too old. */
  readonly canAddServers?: boolean;
  /** Started in place of the haproxy itself. */
  readonly wrapper?: string;
};

/** An HAProxy in a state directory of its own, not started yet. */
export type Stage = {
  readonly stateDir: string;
  readonly httpPort: number;
  readonly haproxy: OwnedHaproxy;
  readonly applier: Applier;
  readonly routing: Routing;
  /** What it reported. */
  readonly report: Witness;
  /** What happened to HAProxy that nobody here asked for. */
  readonly events: readonly HaproxyEvent["kind"][];
  /** How often another worker served that nobody here asked for. */
  readonly restarts: () => number;
  /** The number of the generation that was loaded last; a restart may have loaded a later one. */
  readonly generation: () => number;
  /** The containers that Docker says are being stopped. */
  readonly stopping: Set<ContainerId>;
  /** Applies what is wanted, with what is known `later`; throws where it was rejected. */
  readonly apply: (
    wanted: Wanted,
    later?: Parameters<Applier["apply"]>[3],
  ) => ReturnType<Applier["apply"]>;
  /** Another signalbox takes HAProxy over, with settings of its own if they are given. */
  readonly replace: (settings?: Readonly<Record<string, string>>) => Promise<void>;
};

/** Sets a stage, lets `act` play on it, and leaves nothing behind. */
export async function onStage<T>(
  program: HaproxyProgram,
  request: StageRequest,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stateDir = await Deno.makeTempDir({ prefix: "signalbox-haproxy-" });
  const found = await findHaproxy(program.path);
  const httpPort = freePort();
  const open = (others: Readonly<Record<string, string>> = {}) =>
    openRouting({
      "haproxy-version": found.version.join("."),
      "add-backends": String(canAddBackends(program)),
      "bind": "127.0.0.1",
      "http-port": String(httpPort),
      "max-connections": "500",
      ...request.settings,
      ...others,
    });
  let routing = await open();
  const events: HaproxyEvent["kind"][] = [];
  let generation = 0;
  const settings = {
    program: { ...found, path: request.wrapper ?? found.path },
    stateDir,
    addBackends: canAddBackends(program),
    pidFile: `${stateDir}/haproxy.pid`,
    configCopy: undefined,
    process: {
      ...await findIdentity(stateDir),
      syslog: undefined,
      accessLog: "errors" as const,
      metricsSocket: undefined,
    },
    env: () => ({ ...routing.env, ...request.env }),
  };
  const Kind = request.canAddServers === false ? OldHaproxy : OwnedHaproxy;
  const report = new Witness();
  const stopping = new Set<ContainerId>();
  const begin = () => {
    const haproxy = new Kind(settings, routing.templates, {
      clock: systemClock,
      chance: systemChance,
      report,
    });
    haproxy.follow(({ kind }) => events.push(kind), ending.signal);
    const applier = new Applier({ haproxy, clock: systemClock, report });
    // What the tests put into the set is what the source tells.
    applier.drain.tell(stopping);
    // Tests reload more often than anybody should.
    applier.loader.budgetOf = () => ({ free: 1_000, refillMs: 1 });
    return { haproxy, applier };
  };
  const ending = new AbortController();
  let now = begin();
  try {
    await now.haproxy.open();
    return await act({
      stateDir,
      httpPort,
      get haproxy() {
        return now.haproxy;
      },
      get applier() {
        return now.applier;
      },
      get routing() {
        return routing;
      },
      report,
      stopping,
      events,
      restarts: () => events.length,
      generation: () => generation,
      apply: async ({ desired, states }, later) => {
        const result = accept(
          await inTurn(() => now.applier.apply(desired, states, ending.signal, later)),
          report.lines,
        );
        if (result.plan.kind === "reload") {
          generation = now.haproxy.store.findCurrent()?.number ?? 0;
          // What is asked from now on is asked of the new worker.
          await untilOldAreDeaf(stateDir);
        }
        return result;
      },
      replace: async (settings) => {
        now.haproxy.leave();
        routing = await open(settings);
        now = begin();
        await now.haproxy.open();
      },
    });
  } finally {
    ending.abort();
    // No request is under way. A worker of 3.4 would wait for a peer to teach, which is not there.
    await now.haproxy.stop(300);
    await Deno.remove(stateDir, { recursive: true });
  }
}

class OldHaproxy extends OwnedHaproxy {
  override get capabilities(): Capabilities {
    return { ...super.capabilities, canAddServers: false, canAddBackends: false };
  }
}

/** Asks again for what was put off, when its time has come. */
export async function inTurn(apply: () => Promise<Applied>): Promise<Applied> {
  for (;;) {
    const result = await apply();
    if (result.outcome.kind !== "postponed") return result;
    await systemClock.sleep(result.outcome.forMs);
  }
}

function accept<T extends Pick<Applied, "outcome">>(result: T, said: readonly string[]): T {
  const { outcome } = result;
  if (outcome.kind === "applied") return result;
  if (outcome.kind === "postponed") throw new Error("it was put off");
  const { stage, detail } = outcome;
  throw new Error(`HAProxy rejected it (${stage}): ${detail}\n${said.slice(-20).join("\n")}`);
}

/** Says the wish again until servers that were told to go are gone, as the controller does once a second. */
export async function settled(stage: Stage, wanted: Wanted): Promise<void> {
  try {
    await eventually(async () => {
      if (stage.applier.leaving > 0) await stage.apply(wanted);
      return stage.applier.leaving === 0;
    }, { what: "leaving servers to be gone" });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${await leavingText(stage)}`);
  }
}

/** The servers that are told to go, with the connections that they have, and all sessions. */
async function leavingText(stage: Stage): Promise<string> {
  const sections = [...stage.applier.running?.sections ?? []];
  const leaving = sections.flatMap(([name, { servers }]) =>
    [...servers].filter(([, { isLeaving }]) => isLeaving).map(([server]) => `${name}/${server}`)
  );
  const answers = await send(
    stage,
    ...leaving.map((name) => `show servers conn ${name.split("/")[0]}`),
    "show sess",
  );
  return [...leaving, ...answers].join("\n");
}

/** Sends lines to the worker of a stage; one reply each. */
export const send = (stage: Stage, ...lines: string[]): Promise<readonly string[]> =>
  new CommandSocket(stage.haproxy.socket, systemClock).send(lines);
