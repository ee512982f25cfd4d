/**
 * Measures the whole program on a live engine, and a naive generator beside it, and prints one table.
 * scripts/bench starts the engine. Flags: --quick, --only=starts,burst,churn,rolling,posts, --no-baseline.
 */
import { engineFromEnv } from "../harness/docker_cli.ts";
import { Fleet } from "./fleet.ts";
import { burst, churns, type Measured, posts, rolling, type Scale, type Scene, starts } from "./measures.ts";
import { type RouterKind, startRouter } from "./router.ts";
import { formatTable, type Row } from "./statistics.ts";

const isQuick = Deno.args.includes("--quick");
const only = Deno.args.find((argument) => argument.startsWith("--only="))?.slice("--only=".length).split(",");
const hasBaseline = !Deno.args.includes("--no-baseline");
/** No measure begins later than this. */
const DEADLINE_MS = isQuick ? 150_000 : 660_000;

const FULL: Scale = { starts: 50, churnSeconds: 60, reloads: 50, rolling: 10, postSeconds: 15 };
const QUICK: Scale = { starts: 8, churnSeconds: 10, reloads: 10, rolling: 3, postSeconds: 4 };
const BASE_FULL: Scale = { starts: 12, churnSeconds: 20, reloads: 20, rolling: 4, postSeconds: 8 };
const BASE_QUICK: Scale = { starts: 3, churnSeconds: 7, reloads: 5, rolling: 0, postSeconds: 3 };

type Step = {
  readonly name: string;
  readonly flags: readonly string[];
  readonly run: (scene: Scene) => Promise<Measured[]>;
};

const PUBLISHED = ["--address", "published"];
const NEW_AUTO: Step = {
  name: "churn",
  flags: [],
  run: (scene) => churns(scene, false, "containers' addresses"),
};
const KEPT_AUTO: Step = {
  name: "churn",
  flags: [],
  run: (scene) => churns(scene, true, "containers' addresses"),
};
const HALF = "half through published ports";
const NEW_PUBLISHED: Step = { name: "churn", flags: PUBLISHED, run: (scene) => churns(scene, false, HALF) };
const KEPT_PUBLISHED: Step = { name: "churn", flags: PUBLISHED, run: (scene) => churns(scene, true, HALF) };
const SHORT: readonly Step[] = [
  { name: "starts", flags: [], run: starts },
  { name: "burst", flags: [], run: burst },
  { name: "rolling", flags: [], run: rolling },
  { name: "posts", flags: PUBLISHED, run: posts },
];
const STEPS: Record<RouterKind, readonly Step[]> = {
  signalbox: [...SHORT, NEW_AUTO, ...(isQuick ? [] : [KEPT_AUTO, NEW_PUBLISHED]), KEPT_PUBLISHED],
  // Published ports make no difference to it: one churn with each kind of connection is enough.
  naive: isQuick
    ? [NEW_AUTO, ...SHORT.filter(({ name }) => name !== "rolling")]
    : [...SHORT, NEW_AUTO, KEPT_AUTO],
};

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

/** Runs the steps of one router; one that fails is told, and the next begins. */
async function measureAll(kind: RouterKind, fleet: Fleet, folder: string, host: string): Promise<Measured[]> {
  const scale = kind === "signalbox" ? (isQuick ? QUICK : FULL) : (isQuick ? BASE_QUICK : BASE_FULL);
  const measured: Measured[] = [];
  for (const step of STEPS[kind]) {
    if (only !== undefined && !only.includes(step.name)) continue;
    if (performance.now() - startedAt > DEADLINE_MS) {
      remarks.push(`${kind}, ${step.name}: not measured, the time was up`);
      continue;
    }
    const began = performance.now();
    // Each step has a router of its own, so that none inherits what another left.
    const router = await startRouter(kind, folder, host, kind === "signalbox" ? step.flags : []);
    try {
      const scene = { fleet, router, scale, folder, remark: (line: string) => void remarks.push(line) };
      measured.push(...await Promise.race([step.run(scene), stopped]));
      const read = Math.max(0, ...router.lines.map((line) => Number(line["tookMs"]) || 0));
      if (read > 500) remarks.push(`${kind}, ${step.name}: one step of a pass took ${Math.round(read)} ms`);
      for (const line of router.lines) {
        const level = line["level"];
        if ((level === "error" || level === "warn") && !/has no server available/.test(line.msg)) {
          remarks.push(`${kind}, ${step.name}: it logged: ${line.msg.slice(0, 300)}`);
        }
      }
    } catch (error) {
      if (stopping.signal.aborted) throw error;
      remarks.push(`${kind}, ${step.name}: failed: ${error instanceof Error ? error.message : error}`);
      measured.push({
        measure: `${step.name}: could not be measured`,
        aim: "",
        result: "see below",
        value: NaN,
        holds: kind === "naive",
        load: "",
      });
    } finally {
      await router.stop();
      await fleet.removeAll();
    }
    say(`${kind}: ${step.name} took ${Math.round((performance.now() - began) / 1_000)} s`);
  }
  return measured;
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
  const mine = await measureAll("signalbox", fleet, folder, host);
  const base = hasBaseline ? await measureAll("naive", fleet, folder, host) : [];
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
