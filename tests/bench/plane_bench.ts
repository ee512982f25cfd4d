/**
 * Measures what a request costs on its way through signalbox's HAProxy, beside a bare HAProxy with one backend and nginx: CPU of
 * everything that serves, latency at a fixed rate, and how many requests there are where clients ask as fast as they can. Then
 * what features of a route cost, beside a plain one. All share one origin, which is an HAProxy of its own.
 * `deno run -A tests/bench/plane_bench.ts [--quick]`, or `scripts/dev bench --only=plane`.
 */
import { eventually } from "../harness/eventually.ts";
import { startLoad } from "./load_process.ts";
import {
  type Contestant,
  cpuMs,
  family,
  hostAt,
  machineMs,
  startBare,
  startNginx,
  startOrigin,
  startSignalbox,
} from "./plane_contestants.ts";
import { FEATURES } from "./plane_features.ts";
import { RawConnection, requestText } from "./raw_http.ts";
import { formatTable, percentile, type Row } from "./statistics.ts";

const isQuick = Deno.args.includes("--quick");
const PER_SECOND = 1_000;
const SECONDS = isQuick ? 4 : 10;
const WARM_UP_MS = 1_500;
/** Clients that ask as fast as they can. */
const CLIENTS = 16;
/** More than this over the bare HAProxy misses the aim. */
const AIM = 1.1;
const AIM_OF_ALL = 1.25;
/** What a password by bcrypt may cost once it is remembered, over a plain route, in milliseconds. */
const AIM_OF_BCRYPT_MS = 0.1;
/** No row begins later than this. */
const LIMIT_MS = 20 * 60_000;

type Measured = {
  readonly cpuMs: number;
  readonly p99Ms: number;
  readonly failed: number;
  /** The part of all processors that programs had which are none of the benchmark's. */
  readonly others: number;
};

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How a contestant takes 1,000 requests a second for a host. */
async function measure(
  { port, pids }: Contestant,
  host: string,
  { isKept, credentials }: { readonly isKept: boolean; readonly credentials?: string | undefined },
): Promise<Measured> {
  const all = await pids();
  const load = startLoad({
    ...{ port, perSecond: PER_SECOND, isKept, hosts: [host], postEvery: 0 },
    ...credentials !== undefined && { credentials },
  });
  await wait(WARM_UP_MS);
  const ours = await family(Deno.pid);
  const look = async () => ({
    at: performance.timeOrigin + performance.now(),
    cpu: await cpuMs(all),
    ours: await cpuMs(ours),
    machine: await machineMs(),
  });
  const before = await look();
  await wait(SECONDS * 1_000);
  const after = await look();
  const { samples, failures } = await load.end();
  const counted = samples.filter(([at]) => at >= before.at && at < after.at);
  const busyMs = after.machine.busyMs - before.machine.busyMs - (after.ours - before.ours);
  return {
    cpuMs: (after.cpu - before.cpu) / Math.max(1, counted.length),
    p99Ms: percentile(counted.map(([, tookMs]) => tookMs), 99),
    failed: failures.length,
    others: Math.max(0, busyMs / ((after.at - before.at) * after.machine.processors)),
  };
}

/** How many requests a second there are through kept connections, and the CPU of each, by Debian's h2load. */
async function saturate({ port, pids }: Contestant, host: string) {
  const all = await pids();
  const before = await cpuMs(all);
  const { stdout, success } = await new Deno.Command("h2load", {
    args: [
      ...["--h1", "--clients", `${CLIENTS}`, "--duration", `${SECONDS}`],
      ...["--connect-to", `127.0.0.1:${port}`, `http://${host}:${port}/`],
    ],
    stdin: "null",
    stderr: "null",
  }).output().catch(() => ({ stdout: new Uint8Array(), success: false }));
  if (!success) return undefined;
  const count = Number(/(\d+) 2xx/.exec(new TextDecoder().decode(stdout))?.[1] ?? 0);
  return { perSecond: count / SECONDS, cpuMs: (await cpuMs(all) - before) / Math.max(1, count) };
}

/** Waits until a host is served by whom it asks for. */
async function serves({ name, port }: Contestant, host: string, credentials?: string): Promise<void> {
  const fields = credentials === undefined ? "" : `Authorization: Basic ${btoa(credentials)}\r\n`;
  await eventually(async () => {
    const connection = await RawConnection.open("127.0.0.1", port);
    try {
      const { status } = await connection.ask(requestText(host, "/", false, false, fields));
      if (status !== 200) throw new Error(`it answers ${status}`);
      return true;
    } finally {
      connection.close();
    }
  }, { what: `${name} to serve ${host}`, limitMs: 60_000 });
}

/** The rows of the benchmark, one after the other; what there is when it is ended is told. */
class Bench {
  readonly rows: Row[] = [];
  readonly #bare = new Map<string, Measured>();
  #bareRate: { readonly perSecond: number; readonly cpuMs: number } | undefined;
  readonly #startedAt = performance.now();

  get isLate(): boolean {
    return performance.now() - this.#startedAt > LIMIT_MS;
  }

  add(row: Row): void {
    this.rows.push(row);
    console.error(`bench: ${row.measure}: ${row.result} (${row.load})`);
  }

  /** One contestant at a fixed rate, with new and with kept connections, and as fast as it can. */
  async compare(contestant: Contestant): Promise<void> {
    const host = hostAt(0);
    const aim = contestant.name.endsWith("all") ? AIM_OF_ALL : AIM;
    const isOurs = contestant.name.startsWith("signalbox");
    for (const way of ["new", "kept"] as const) {
      const measured = await measure(contestant, host, { isKept: way === "kept" });
      const bare = this.#bare.get(way) ?? measured;
      this.#bare.set(way, bare);
      const { cpuMs, p99Ms } = measured;
      this.add({
        ...rowOf(`${contestant.name}, ${way} connections`, measured),
        aim: isOurs ? `≤ ${aim} × of the bare HAProxy` : "",
        result: `${textOf(measured)}; ${times(cpuMs, bare.cpuMs)} CPU, ${times(p99Ms, bare.p99Ms)} p99`,
        ...isOurs && { holds: cpuMs <= bare.cpuMs * aim && p99Ms <= bare.p99Ms * aim },
      });
    }
    const full = await saturate(contestant, host);
    if (full === undefined) return;
    const bare = this.#bareRate ??= full;
    this.add({
      measure: `${contestant.name}, as fast as it can`,
      aim: isOurs ? `≤ ${aim} × the CPU of the bare HAProxy` : "",
      result: `${full.perSecond.toFixed(0)} a second, ${full.cpuMs.toFixed(3)} ms CPU; ` +
        `${times(full.perSecond, bare.perSecond)} requests, ${times(full.cpuMs, bare.cpuMs)} CPU`,
      load: `${CLIENTS} kept connections, ${SECONDS} s`,
      ...isOurs && { holds: full.cpuMs <= bare.cpuMs * aim },
    });
  }

  /** What each feature costs, beside a plain route of the same signalbox. */
  async compareFeatures(contestant: Contestant): Promise<void> {
    let plain: Measured | undefined;
    for (const [at, { name, credentials }] of FEATURES.entries()) {
      if (this.isLate) return;
      await serves(contestant, hostAt(at), credentials);
      const measured = await measure(contestant, hostAt(at), { isKept: true, credentials });
      plain ??= measured;
      const more = measured.cpuMs - plain.cpuMs;
      const isRemembered = name.includes("bcrypt");
      this.add({
        ...rowOf(name, measured),
        aim: isRemembered ? `≤ ${AIM_OF_BCRYPT_MS} ms over a plain one` : "",
        result: `${textOf(measured)}; ${times(measured.cpuMs, plain.cpuMs)} CPU of a plain route` +
          (measured === plain ? "" : `, ${(more * 1_000).toFixed(0)} µs more`),
        ...isRemembered && { holds: more <= AIM_OF_BCRYPT_MS },
      });
    }
  }
}

const times = (value: number, of: number): string => `${(value / of).toFixed(2)} ×`;

const textOf = ({ cpuMs, p99Ms, failed }: Measured): string =>
  `${cpuMs.toFixed(3)} ms CPU, p99 ${p99Ms.toFixed(1)} ms, ${failed} failed`;

const rowOf = (measure: string, { others }: Measured) => ({
  measure,
  load: `${PER_SECOND} requests a second, ${SECONDS} s; other programs had ${
    (others * 100).toFixed(0)
  } % of the machine`,
});

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-plane-" });
  const origin = await startOrigin(folder);
  const bench = new Bench();
  const hosts = (isQuick ? [1, 500] : [1, 500, 5_000]).flatMap((count) =>
    (["errors", "all"] as const).map((log) => () => {
      const name = `signalbox, ${count} host${count === 1 ? "" : "s"}, ${log}`;
      return startSignalbox(folder, origin.port, Array.from({ length: count }, () => ({})), { name, log });
    })
  );
  const features = () =>
    startSignalbox(folder, origin.port, FEATURES.map(({ said }) => said), {
      name: "features",
      log: "errors",
    });
  const makers: (() => Promise<Contestant | undefined>)[] = [
    () => startBare(folder, origin.port),
    () => startNginx(folder, origin.port),
    ...hosts,
    features,
  ];
  try {
    for (const make of makers) {
      if (bench.isLate) {
        console.error("bench: the time is over; what follows is left out");
        break;
      }
      const contestant = await make();
      if (contestant === undefined) continue;
      try {
        await serves(contestant, hostAt(0));
        await (make === features ? bench.compareFeatures(contestant) : bench.compare(contestant));
      } finally {
        await contestant.stop();
      }
    }
  } finally {
    await origin.stop();
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  }
  console.log(formatTable(bench.rows));
  console.log("Where other programs had more than a few percent of the machine, its ratios mean little.");
}

if (import.meta.main) await main();
