/**
 * Measures the whole program on a live engine, and a naive generator beside it, and prints one table.
 * scripts/bench starts the engine. Flags: --quick, --only=starts,memory,burst,churn,published,rolling,posts,settle, --no-baseline.
 */
import { engineFromEnv } from "../harness/docker_cli.ts";
import { Fleet } from "./fleet.ts";
import { churns } from "./churn_rows.ts";
import {
  burst,
  type Measured,
  memory,
  posts,
  rolling,
  type Scale,
  type Scene,
  settling,
  starts,
} from "./measures.ts";
import { type Router, type RouterKind, startRouter } from "./router.ts";
import { UNIT_WEIGHT, weigh } from "./processor.ts";
import { formatTable, type Row } from "./statistics.ts";

const isQuick = Deno.args.includes("--quick");
const only = Deno.args.find((argument) => argument.startsWith("--only="))?.slice("--only=".length).split(",");
const hasBaseline = !Deno.args.includes("--no-baseline");
/** No measure begins later than this. */
const DEADLINE_MS = isQuick ? 125_000 : 780_000;

const FULL: Scale = { starts: 50, churnSeconds: 60, reloads: 50, rolling: 10, postSeconds: 15 };
const QUICK: Scale = { starts: 6, churnSeconds: 10, reloads: 10, rolling: 4, postSeconds: 3 };
const BASE_FULL: Scale = { starts: 10, churnSeconds: 14, reloads: 14, rolling: 4, postSeconds: 8 };
const BASE_QUICK: Scale = { starts: 3, churnSeconds: 7, reloads: 5, rolling: 0, postSeconds: 3 };

type Step = {
  readonly name: string;
  readonly flags?: readonly string[];
  /** The naive generator is measured too. */
  readonly isCompared: boolean;
  /** The share of the scale's churn time that it gets, 1 unless said. */
  readonly share?: number;
  /** It is measured only where --only names it. */
  readonly isExtra?: boolean;
  readonly run: (scene: Scene) => Promise<Measured[]>;
};

/** Where reloads are measured, none waits for its place in the budget for long: before one, nothing lasts for a minute. */
const BRIEF = ["--hard-stop-after", "60"];
const PUBLISHED = ["--address", "published"];
const STEPS: readonly Step[] = [
  // Fifty reloads in a row, before which nothing lasts: none waits for its place.
  { name: "starts", flags: ["--hard-stop-after", "300"], isCompared: true, run: starts },
  { name: "memory", isCompared: false, run: memory },
  { name: "churn", flags: BRIEF, isCompared: true, run: (scene) => churns(scene, false, false) },
  { name: "burst", isCompared: !isQuick, run: burst },
  { name: "posts", flags: PUBLISHED, isCompared: !isQuick, run: posts },
  { name: "rolling", isCompared: !isQuick, run: rolling },
  // Published ports make no difference to the naive generator, which uses none.
  ...(isQuick ? [] : [
    { name: "churn", flags: BRIEF, isCompared: true, run: (scene: Scene) => churns(scene, true, false) },
    {
      name: "published",
      flags: [...PUBLISHED, ...BRIEF],
      isCompared: false,
      share: 0.5,
      run: (scene: Scene) => churns(scene, false, true),
    },
  ]),
  {
    name: "published",
    flags: [...PUBLISHED, ...BRIEF],
    isCompared: false,
    share: isQuick ? 1 : 0.5,
    run: (scene) => churns(scene, true, true),
  },
  // What --settle and --settle-max cost and save: their defaults were chosen by this.
  ...[[0, 0], [10, 20], [10, 100], [10, 500], [50, 500]].map(([quietMs, mostMs]) => ({
    name: "settle",
    flags: ["--log-level", "debug", "--settle", `${quietMs}`, "--settle-max", `${mostMs}`],
    isCompared: false,
    isExtra: true,
    run: (scene: Scene) => settling(scene, `${quietMs} and ${mostMs} ms`),
  })),
];

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stopping.abort(new Error(`ended by ${signal}`)));
}
const stopped = new Promise<never>((_, reject) => {
  stopping.signal.addEventListener("abort", () => reject(stopping.signal.reason));
});
stopped.catch(() => {});
const startedAt = performance.now();
const remarks: string[] = [];
const say = (line: string) => console.error(`bench: ${line}`);

/** Runs a step for one router; one that fails is told, and the next begins. */
async function measure(kind: RouterKind, step: Step, fleet: Fleet, folder: string): Promise<Measured[]> {
  if (performance.now() - startedAt > DEADLINE_MS) {
    remarks.push(`${kind}, ${step.name}: not measured, the time was up`);
    return [];
  }
  const whole = kind === "signalbox" ? (isQuick ? QUICK : FULL) : (isQuick ? BASE_QUICK : BASE_FULL);
  const share = step.share ?? 1;
  const scale = {
    ...whole,
    churnSeconds: whole.churnSeconds * share,
    reloads: Math.round(whole.reloads * share),
  };
  const began = performance.now();
  // Each step has a router of its own, so that none inherits what another left.
  const router = await startRouter(kind, folder, host, kind === "signalbox" ? step.flags : []);
  try {
    const remark = (line: string) => void remarks.push(line);
    const scene = { fleet, router, scale, folder, remark };
    const measured = await Promise.race([step.run(scene), stopped]);
    remarks.push(...complaintsOf(router).map((line) => `${kind}, ${step.name}: ${line}`));
    return measured;
  } catch (error) {
    if (stopping.signal.aborted) throw error;
    remarks.push(`${kind}, ${step.name}: failed: ${error instanceof Error ? error.message : error}`);
    const measured = {
      measure: `${step.name}: could not be measured`,
      aim: "",
      result: "see below",
      load: "",
    };
    return kind === "naive" ? [] : [{ ...measured, value: NaN, holds: false }];
  } finally {
    await router.stop();
    await fleet.removeAll();
    say(`${kind}: ${step.name} took ${Math.round((performance.now() - began) / 1_000)} s`);
  }
}

/** What its log says of trouble; that the last server of a host has left is none. */
function complaintsOf({ lines }: Router): string[] {
  const slowest = Math.max(0, ...lines.map((line) => Number(line["tookMs"]) || 0));
  const bad = lines.filter((line) => line["level"] === "error" || line["level"] === "warn");
  return [
    ...(slowest > 500 ? [`one step of a pass took ${Math.round(slowest)} ms`] : []),
    ...bad.filter((line) => !/has no server available|has no domain/.test(line.msg))
      .map((line) => `it logged: ${line.msg.slice(0, 300)}`),
  ];
}

function withBaseline(mine: readonly Measured[], base: readonly Measured[]): Row[] {
  return mine.map((row) => {
    const other = base.find((each) => each.measure === row.measure);
    const ratio = other !== undefined && other.value > 0 && row.value > 0
      ? ` (× ${(other.value / row.value).toFixed(1)})`
      : "";
    return { ...row, ...(other === undefined ? {} : { baseline: other.result + ratio }) };
  });
}

const { host, skipReason } = engineFromEnv();
if (skipReason !== undefined) {
  say(`nothing is measured on a live engine: ${skipReason}`);
  Deno.exit(0);
}
const folder = await Deno.makeTempDir({ prefix: "sbb-" });
const fleet = new Fleet(host.slice("unix://".length));
let exitCode = 0;
try {
  await fleet.open();
  await weigh(UNIT_WEIGHT);
  const [mine, base]: [Measured[], Measured[]] = [[], []];
  const steps = STEPS.filter((step) => only === undefined ? step.isExtra !== true : only.includes(step.name));
  const naive = async (step: Step) => {
    if (hasBaseline && step.isCompared) base.push(...await measure("naive", step, fleet, folder));
  };
  for (const step of steps) {
    mine.push(...await measure("signalbox", step, fleet, folder));
    // Side by side in time is fairer; where time is short, signalbox comes first.
    if (!isQuick) await naive(step);
  }
  if (isQuick) { for (const step of steps) await naive(step); }
  const rows = withBaseline(mine, base);
  console.log(`\n${formatTable(rows)}\n`);
  const counted = rows.filter((row) => row.holds !== undefined);
  console.log(`${counted.filter((row) => row.holds).length} of ${counted.length} aims hold.`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  exitCode = 1;
} finally {
  for (const line of new Set(remarks)) console.log(`- ${line}`);
  await fleet.close();
  await Deno.remove(folder, { recursive: true }).catch(() => {});
}
Deno.exit(exitCode);
