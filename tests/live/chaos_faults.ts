/** What the chaos run does to containers, to the engine, to HAProxy and to signalbox itself. */
import { docker } from "../harness/engine.ts";
import { eventLine } from "../harness/events.ts";
import { eventually } from "../harness/program.ts";
import type { EngineProxy } from "./engine_proxy.ts";
import { processesNaming } from "./processes.ts";
import type { Router, Stage } from "./stage.ts";

/** A time in which nobody listened, since HAProxy itself was killed: milliseconds since 1970. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** The stage of a chaos run. */
export interface Chaos {
  readonly stage: Stage;
  readonly proxy: EngineProxy;
  /** The signalbox that runs now. */
  router: Router;
  /** Whose port and state directory all of them share. */
  readonly first: Router;
  /** Two containers of one host; only the first is ever harmed, so that another one is alive. */
  readonly victims: readonly string[];
  readonly gaps: Gap[];
}

const now = () => performance.timeOrigin + performance.now();

async function workerPid({ first }: Chaos): Promise<number> {
  return Number(/^Pid: (\d+)/m.exec(await first.ask("show info"))?.[1]);
}

async function masterPid({ first }: Chaos): Promise<number> {
  const found = (await processesNaming(first.stateDir)).filter(({ command }) => / -W /.test(command));
  const pids = new Set(found.map(({ pid }) => pid));
  const master = found.find(({ parent }) => !pids.has(parent));
  if (master === undefined) throw new Error("there is no haproxy");
  return master.pid;
}

/** Starts another signalbox on the ports and the state directory of the first. */
async function startAnother(chaos: Chaos): Promise<void> {
  const { first, stage, proxy } = chaos;
  const flags = [...first.flags, "--state-dir", first.stateDir];
  chaos.router = await stage.router({ flags, engine: proxy.host, isImpatient: true });
  await chaos.router.program.waitForEntry({
    event: (kind: string) => kind === "adopted" || kind === "haproxy-started",
  });
}

/** Kills one of HAProxy's processes, and notes until when nobody listened. */
async function killHaproxy(chaos: Chaos, pid: number): Promise<void> {
  const worker = await workerPid(chaos);
  const from = now();
  Deno.kill(pid, "SIGKILL");
  await eventually(async () => await workerPid(chaos) !== worker, { what: "another worker" });
  await chaos.first.answers("any.example", 200, "/haproxy?monitor");
  chaos.gaps.push({ from, to: now() });
}

const toVictim = (...words: readonly string[]) => async ({ victims }: Chaos, chance: number) => {
  await docker(...words, victims[Math.floor(chance * victims.length)] ?? "");
};

/** Each fault by its name; it comes back once it was done, not once it was put right. */
export const FAULTS: Readonly<Record<string, (chaos: Chaos, chance: number) => Promise<void>>> = {
  "docker restart": toVictim("restart", "-t", "1"),
  "docker stop and start": async (chaos, chance) => {
    await toVictim("stop", "-t", "1")(chaos, chance);
    await toVictim("start")(chaos, chance);
  },
  "docker kill and start": async (chaos, chance) => {
    await toVictim("kill")(chaos, chance);
    await toVictim("start")(chaos, chance);
  },
  "docker pause and unpause": async (chaos, chance) => {
    await toVictim("pause")(chaos, chance);
    await toVictim("unpause")(chaos, chance);
  },
  "signalbox SIGKILL and another": async (chaos) => {
    chaos.router.program.kill("SIGKILL");
    await chaos.router.program.exited;
    await startAnother(chaos);
  },
  "a second run": async (chaos) => {
    const before = chaos.router;
    await startAnother(chaos);
    await before.program.exited;
  },
  "haproxy's worker SIGKILL": async (chaos) => await killHaproxy(chaos, await workerPid(chaos)),
  "haproxy's master SIGKILL": async (chaos) => await killHaproxy(chaos, await masterPid(chaos)),
  "the engine's connection cut": async ({ proxy, router }) => {
    const lines = router.program.lines.length;
    proxy.cut();
    await eventually(
      () => router.program.lines.slice(lines).some((line) => eventLine("engine-lost").test(line)),
      { what: "signalbox to see the cut" },
    );
    proxy.mend();
  },
  "SIGHUP": ({ router }) => Promise.resolve(router.program.kill("SIGHUP")),
  "disable server by hand": async ({ first }) => {
    const rows = (await first.ask("show servers state")).split("\n").map((line) => line.split(" "));
    const found = rows.find(([, , , name]) => name?.includes("#") || name?.includes("chaos"));
    if (found !== undefined) await first.ask(`disable server ${found[1]}/${found[3]}`);
  },
};
