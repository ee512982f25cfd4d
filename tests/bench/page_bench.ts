/**
 * Measures what the page of `--admin` and the metrics cost, as CPU time of signalbox and HAProxy in the same run with and without
 * somebody who looks, with 1,000 routes. `deno run -A tests/bench/page_bench.ts [--log=all]`, or
 * `scripts/dev bench --only=page`; it takes less than a minute.
 */
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { startLoad } from "./load_process.ts";
import { type Contestant, cpuMs, hostAt, startOrigin, startSignalbox } from "./plane_contestants.ts";
import { formatTable, type Row } from "./statistics.ts";

const ROUTES = 1_000;
const PER_SECOND = 2_000;
/** How long nobody looks, and then somebody: so many windows, each as long as the page's pause between two looks. */
const WINDOW_MS = 2_000;
const WINDOWS = 5;
/** How long the first figures may take. */
const FIRST_LIMIT_MS = 15_000;
const SCRAPES = 4;
/** How often Prometheus asks in examples/prometheus, in milliseconds. */
const SCRAPED_EACH_MS = 15_000;
/** What looking may take of one core. */
const AIM = 0.02;
const log = Deno.args.includes("--log=all") ? "all" : "errors";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The CPU of signalbox and of its HAProxy so far, in milliseconds. */
type Spent = { readonly signalbox: number; readonly haproxy: number };

async function spent({ pids }: Contestant): Promise<Spent> {
  const [first = 0, ...others] = await pids();
  const [signalbox, haproxy] = await Promise.all([cpuMs([first]), cpuMs(others)]);
  return { signalbox, haproxy };
}

/**
 * What a while takes of one core. Of its windows the dearest is left out: signalbox compares all of HAProxy's tables each ten
 * seconds, which is dearer than what is measured here, and would be in one of the two whiles more often than in the other.
 */
async function shareOf(contestant: Contestant): Promise<Spent> {
  const windows: Spent[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    const [before, begin] = [await spent(contestant), performance.now()];
    await wait(WINDOW_MS);
    const [after, took] = [await spent(contestant), performance.now() - begin];
    windows.push({
      signalbox: (after.signalbox - before.signalbox) / took,
      haproxy: (after.haproxy - before.haproxy) / took,
    });
  }
  const mean = (of: keyof Spent) => {
    const shares = windows.map((each) => each[of]).sort((a, b) => a - b).slice(0, -1);
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  };
  return { signalbox: mean("signalbox"), haproxy: mean("haproxy") };
}

/** Somebody who looks at the page, and what they are told. */
async function look(admin: number): Promise<{ bytes: number; figures: number; leave: () => void }> {
  const aborting = new AbortController();
  const { body } = await fetch(`http://127.0.0.1:${admin}/live`, { signal: aborting.signal });
  const told = { bytes: 0, figures: 0, leave: () => aborting.abort() };
  const read = async () => {
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      told.bytes += text.length;
      told.figures += text.split("event: loads\n").length - 1;
    }
  };
  read().catch(() => undefined);
  return told;
}

/** Nobody looks, then somebody does: what it takes more to be looked at, and how often that brought figures. */
async function lookedAt(contestant: Contestant, admin: number) {
  const nobody = await shareOf(contestant);
  const told = await look(admin);
  // The first look has nothing to compare with, and runs code that is not compiled yet.
  await within(FIRST_LIMIT_MS, () => told.figures > 0);
  const before = { ...told };
  const somebody = await shareOf(contestant);
  told.leave();
  const more = (of: keyof Spent) => Math.max(0, somebody[of] - nobody[of]);
  return {
    nobody,
    more: { signalbox: more("signalbox"), haproxy: more("haproxy") },
    figures: told.figures - before.figures,
    bytes: told.bytes - before.bytes,
  };
}

/** Waits until something holds, at most so long. */
async function within(limitMs: number, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + limitMs; !holds() && performance.now() < end;) await wait(20);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

async function pageRow(contestant: Contestant, admin: number, load: string, isHeld: boolean): Promise<Row> {
  const { nobody, more, figures, bytes } = await lookedAt(contestant, admin);
  const eachMs = (of: keyof Spent) => (more[of] * WINDOWS * WINDOW_MS / Math.max(1, figures)).toFixed(0);
  return {
    measure: `somebody looks at the page, ${load}`,
    aim: isHeld ? "≤ 2 % of a core" : "signalbox ≤ 2 % of a core",
    result: `signalbox ${percent(more.signalbox)} more than ${percent(nobody.signalbox)}, HAProxy ${
      percent(more.haproxy)
    } more than ${percent(nobody.haproxy)}; each look ${eachMs("signalbox")} and ${eachMs("haproxy")} ms`,
    load: `figures ${figures} times in ${WINDOWS * WINDOW_MS / 1_000} s, ${
      (bytes / Math.max(1, figures) / 1_000).toFixed(0)
    } kB each`,
    // Under load, HAProxy's own share goes up and down by more than that.
    holds: figures > 0 && more.signalbox + (isHeld ? more.haproxy : 0) <= AIM,
  };
}

async function metricsRow(contestant: Contestant, admin: number, scope: string): Promise<Row> {
  const path = `/metrics${scope}`;
  const { body } = await httpGet({ port: admin, path, limitMs: 20_000 });
  const before = await spent(contestant);
  const begin = performance.now();
  for (let count = 0; count < SCRAPES; count++) await httpGet({ port: admin, path, limitMs: 20_000 });
  const took = performance.now() - begin;
  const after = await spent(contestant);
  const each = (of: keyof Spent) => (after[of] - before[of]) / SCRAPES;
  const share = (each("signalbox") + each("haproxy")) / SCRAPED_EACH_MS;
  return {
    measure: `Prometheus asks for ${path}`,
    aim: "≤ 2 % of a core",
    result: `signalbox ${each("signalbox").toFixed(0)} ms, HAProxy ${each("haproxy").toFixed(0)} ms, ${
      percent(share)
    } at one in ${SCRAPED_EACH_MS / 1_000} s`,
    load: `${(body.length / 1e6).toFixed(1)} MB in ${(took / SCRAPES).toFixed(0)} ms`,
    holds: share <= AIM,
  };
}

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-page-" });
  const admin = freePort();
  const origin = await startOrigin(folder);
  const rows: Row[] = [];
  const add = (row: Row) => {
    rows.push(row);
    console.error(`bench: ${row.measure}: ${row.result} (${row.load})`);
  };
  try {
    const contestant = await startSignalbox(folder, origin.port, Array.from({ length: ROUTES }, () => ({})), {
      name: "signalbox",
      log,
      flags: ["--admin", `127.0.0.1:${admin}`],
    });
    try {
      const isReady = async () => (await httpGet({ port: admin, path: "/readyz" })).status === 200;
      await eventually(isReady, { what: "signalbox to be ready", limitMs: 60_000 });
      // The probes of a thousand containers that have just come are none of what is measured.
      await eventually(
        async () => /: ready|1,?000/.test((await httpGet({ port: admin, path: "/" })).body),
        { what: "the routes to be there", limitMs: 60_000 },
      );
      await wait(2_000);
      for (const scope of ["?scope=global&scope=frontend&scope=backend", ""]) {
        add(await metricsRow(contestant, admin, scope));
      }
      add(await pageRow(contestant, admin, "no requests", true));
      const load = startLoad({
        ...{ port: contestant.port, perSecond: PER_SECOND, isKept: true, postEvery: 0 },
        hosts: Array.from({ length: ROUTES }, (_, at) => hostAt(at)),
      });
      await load.begun;
      add(await pageRow(contestant, admin, `${PER_SECOND} requests a second, --access-log ${log}`, false));
      const { failures, samples } = await load.end();
      const why = [...Map.groupBy(failures, ({ what }) => what)].map(([what, { length }]) =>
        `${what}: ${length}`
      );
      add({
        measure: `requests that failed meanwhile, --access-log ${log}`,
        aim: "0",
        result: [`${failures.length} of ${samples.length}`, ...why].join("; "),
        load: `${PER_SECOND} requests a second from one address`,
        holds: failures.length === 0,
      });
    } finally {
      await contestant.stop();
    }
  } finally {
    await origin.stop();
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  }
  console.log(formatTable(rows));
}

if (import.meta.main) await main();
