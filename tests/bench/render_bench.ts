/** Measures the pure half of the flow: what Docker said, decoded, to the files that HAProxy loads. */
import type { RoutingSettings } from "../../lib/core/model/routing_settings.ts";
import { planChange } from "../../lib/core/plan/plan.ts";
import { runningAfterLoad } from "../../lib/core/state/running.ts";
import { Design } from "../../lib/core/config/design.ts";
import type { Snapshot } from "../../lib/core/snapshot/snapshot.ts";
import { BUILTIN_TEMPLATES, compileTemplates } from "../../lib/core/config/templates.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { SETTINGS } from "../core/containers.ts";
import { inspectJson } from "./snapshots.ts";
import { formatTable, median, type Row } from "./statistics.ts";

/** What one container may cost from snapshot to config, in microseconds. */
const AIM_US = 10;
/** How long one measure may take, in milliseconds. */
const BUDGET_MS = 1_500;

const routing: RoutingSettings = { ...SETTINGS, listeners: [] };
const templates = compileTemplates(BUILTIN_TEMPLATES);

/** The median of as many runs as the budget allows, of which the first quarter warms up; in microseconds. */
function timeUs(work: () => unknown): number {
  const runs: number[] = [];
  const end = performance.now() + BUDGET_MS;
  do {
    const before = performance.now();
    work();
    runs.push((performance.now() - before) * 1_000);
  } while (performance.now() < end || runs.length < 3);
  return median(runs.slice(Math.floor(runs.length / 4)));
}

function decoded(json: string): Snapshot {
  const snapshot = decodeSnapshot(json);
  if (!snapshot.ok) throw new Error(`The made-up snapshot is wrong: ${snapshot.expected}`);
  return snapshot.value;
}

/** The snapshot after one container's start: its view is another object, as an inspect gives it. */
function changeOne(snapshot: Snapshot): { snapshot: Snapshot } {
  const at = Math.floor(snapshot.containers.length / 2);
  const containers = snapshot.containers.map((container, index) =>
    index === at ? { ...container, startedAt: `${performance.now()}` } : container
  );
  return { snapshot: { ...snapshot, containers } };
}

/** The lines for one number of containers. */
export function measureRender(count: number): Row[] {
  const json = inspectJson(count);
  const snapshot = decoded(json);
  const design = new Design(routing, templates);
  const desired = design.render(design.build(snapshot).model);
  const running = runningAfterLoad(desired, new Map());
  const load = `${
    count.toLocaleString("en")
  } containers, 2 a host, a third published, half with INTERLOCK_DATA`;
  const row = (measure: string, us: number, isAim = false): Row => ({
    measure,
    aim: isAim && count >= 1_000 ? `< ${AIM_US} µs each` : "",
    result: `${(us / count).toFixed(1)} µs each, ${(us / 1_000).toFixed(us < 10_000 ? 2 : 0)} ms`,
    load,
    ...(isAim && count >= 1_000 ? { holds: us / count < AIM_US } : {}),
  });
  const pass = (
    name: string,
    given: () => { snapshot: Snapshot; design: Design },
  ): Row[] => {
    const parts = { build: [] as number[], render: [] as number[] };
    const all = timeUs(() => {
      const { snapshot, design } = given();
      const start = performance.now();
      const { model } = design.build(snapshot);
      const built = performance.now();
      design.render(model);
      parts.build.push((built - start) * 1_000);
      parts.render.push((performance.now() - built) * 1_000);
    });
    return [
      row(name, all, true),
      row("  of it: build", median(parts.build)),
      row("  of it: render", median(parts.render)),
    ];
  };
  return [
    ...pass(
      "snapshot → config, one container changed",
      () => ({ ...changeOne(snapshot), design }),
    ),
    // A new design remembers no earlier pass.
    ...pass(
      "snapshot → config, the first pass",
      () => ({ snapshot, design: new Design(routing, templates) }),
    ),
    row(
      "planChange, nothing differs",
      timeUs(() => planChange(running, desired, new Map(), { canAddServers: true, canAddBackends: false })),
    ),
    row("JSON.parse of docker inspect", timeUs(() => JSON.parse(json))),
    row("decode of docker inspect, JSON.parse with it", timeUs(() => decoded(json))),
  ];
}

if (import.meta.main) console.log(formatTable([10, 1_000, 10_000].flatMap(measureRender)));
