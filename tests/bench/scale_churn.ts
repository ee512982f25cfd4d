/** What holds through hundreds of thousands of events: memory, descriptors, and what each event costs. */
import { eventually } from "../harness/eventually.ts";
import { cpuMsOf, type Lines, pssMib } from "./scale_process.ts";
import type { EngineOrder } from "./scale_engine.ts";
import { milliseconds, type Row } from "./statistics.ts";

/** A tenth of the containers stops and starts, ever others. */
const SHARE = 10;
/** Events of the engine for one that stops and starts again. */
const EVENTS_EACH = 8;
/** How many times it is looked at what is held. */
const LOOKS = 10;

/** What is churned: a signalbox beside a made-up engine. */
export type ChurnScene = {
  readonly pid: number;
  readonly lines: Lines;
  readonly containers: number;
  readonly obey: (order: EngineOrder) => Promise<number>;
  readonly haproxyPids: () => Promise<readonly number[]>;
  /** Waits until a container's host answers. */
  readonly isServed: (at: number) => Promise<unknown>;
  readonly said: (row: Row) => void;
};

type Look = {
  readonly events: number;
  readonly mib: number;
  readonly haproxyMib: number;
  readonly fds: number;
};

/** Stops and starts containers until so many events came; `perSecond` is their rate, if all keep up. */
export async function churnFor(scene: ChurnScene, events: number, perSecond: number): Promise<void> {
  const { pid, containers, obey, said } = scene;
  const size = Math.ceil(containers / SHARE);
  const overMs = size * EVENTS_EACH / 2 / perSecond * 1_000;
  const looks: Look[] = [];
  const from = scene.lines.lines.length;
  const beganAt = performance.now();
  const cpuBefore = await cpuMsOf(pid);
  let done = 0;
  while (done < events) {
    const round = done / (size * EVENTS_EACH);
    const own = Array.from({ length: size }, (_, at) => (at * SHARE + round) % containers);
    await obey({ stop: own, overMs });
    await obey({ start: own, overMs });
    done += size * EVENTS_EACH;
    if (done >= (looks.length + 1) * events / LOOKS) {
      const look = await lookAt(scene, done);
      looks.push(look);
      console.error(`bench: ${JSON.stringify(look)}`);
    }
  }
  const seconds = (performance.now() - beganAt) / 1_000;
  const cpu = await cpuMsOf(pid) - cpuBefore;
  await scene.isServed(containers - 1);
  const told = scene.lines.lines.slice(from);
  const count = (event: string) => told.filter((line) => line.includes(`"event":"${event}"`)).length;
  const load = `${done.toLocaleString("en")} events in ${Math.round(seconds)} s, ${containers} containers`;
  const list = (what: (look: Look) => number) => looks.map(what).join(", ");
  said({
    measure: "churn: CPU of an event",
    aim: "",
    result: `${(cpu / done).toFixed(2)} ms; ${milliseconds(cpu)} ms in all`,
    load,
  });
  said({
    measure: "churn: memory of signalbox (PSS) after each tenth",
    aim: "flat",
    result: `${list(({ mib }) => mib)} MiB; HAProxy ${list(({ haproxyMib }) => haproxyMib)} MiB`,
    load,
    holds: isFlat(looks.map(({ mib }) => mib)),
  });
  said({
    measure: "churn: descriptors of signalbox after each tenth",
    aim: "flat",
    result: list(({ fds }) => fds),
    load,
    holds: isFlat(looks.map(({ fds }) => fds)),
  });
  said({
    measure: "churn: reloads; commands that HAProxy did not take",
    aim: "0",
    result: `${count("reloaded")}; ${count("diverged")}`,
    load,
    holds: count("diverged") === 0,
  });
}

/** Whether the second half holds no more than the first, but for a tenth. */
function isFlat(values: readonly number[]): boolean {
  const half = values.length >> 1;
  return Math.max(...values.slice(half)) <= 1.1 * Math.max(...values.slice(0, half));
}

/** What is held once all that was begun is done. */
async function lookAt({ pid, haproxyPids, lines }: ChurnScene, events: number): Promise<Look> {
  let seen = -1;
  await eventually(() => {
    const before = seen;
    return before === (seen = lines.lines.length);
  }, { what: "quiet", everyMs: 500, limitMs: 60_000 });
  let fds = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) fds++;
  return { events, mib: await pssMib(pid), haproxyMib: await pssMib(...await haproxyPids()), fds };
}
