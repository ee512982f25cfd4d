import { Believed } from "../apply/believed.ts";
import type { Desired } from "../core/config/render.ts";
import type { Built } from "../core/model/build_model.ts";
import { capabilitiesOf } from "../core/plan/capabilities.ts";
import { planChange } from "../core/plan/plan.ts";
import { reloadReasonText } from "../core/plan/reload_reason.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { ContainerView, Snapshot } from "../core/snapshot/snapshot.ts";
import { compareRoutes, type RouteChange } from "../core/status/compare_routes.ts";
import { viewsOf } from "../docker/compose/compose_views.ts";
import type { ComposeProject } from "../docker/compose/project.ts";
import { snapshotOf } from "./compose_input.ts";
import { readSnapshot } from "./input.ts";
import type { Routing } from "./routing.ts";
import type { Terminal } from "./terminal.ts";

/** What files would change of what is there. */
export type Against = {
  readonly changes: readonly RouteChange[];
  /** How HAProxy would come to it: `nothing`, `runtime` by commands, or `reload` with its reasons. */
  readonly plan: "nothing" | "runtime" | "reload";
  readonly reasons: readonly string[];
};

/**
 * Compares a project with containers that are there: those of a snapshot's file, or of Docker for `running`. Containers of the
 * project are replaced, all others stay. Throws Failure.
 */
export async function compareWith(
  against: string,
  project: ComposeProject,
  routing: Routing,
  settings: Settings,
  terminal: Terminal,
): Promise<Against> {
  // What runs reads a file itself, maybe.
  const source = { ...settings, routes: [], ...against !== "running" && { snapshot: against } };
  const { containers } = await readSnapshot(source, terminal);
  const planned = viewsOf(project, "numbers", settings.labelPrefix).views;
  const known = new Map(containers.map((each) => [each.name, each]));
  const isOwn = ownNames(project);
  const after = [
    ...containers.filter(({ name }) => !isOwn(name)),
    ...planned.map((each, turn) => inPlaceOf(known.get(each.name), each, turn)),
  ];
  const before = made(routing, await snapshotOf(containers, settings));
  const now = made(routing, await snapshotOf(after, settings));
  const changes = compareRoutes(
    before.built,
    now.built,
    (name) => isOwn(name) ? name.replace(/[-_]\d+$/, "") : name,
  );
  const { plan, reasons } = planOf(before.desired, now.desired, routing);
  const { hide } = project;
  return {
    changes: changes.map(({ kind, route, detail }) => ({ kind, route: hide(route), detail: hide(detail) })),
    plan,
    reasons: reasons.map(hide),
  };
}

/** The names that Compose gives containers of a project, by both of its ways. */
function ownNames({ name, services }: ComposeProject): (container: string) => boolean {
  const chosen = new Set(services.flatMap(({ containers }) => containers));
  const usual = new RegExp(`^${name.replaceAll("-", "[-]")}[-_][A-Za-z0-9_.-]+[-_]\\d+$`);
  return (container) => chosen.has(container) || usual.test(container);
}

/** Later than all that are there. */
const LATER = Date.UTC(2200, 0, 1);

/** A container that is there already keeps its age and its addresses, and tells what its image declares. */
function inPlaceOf(old: ContainerView | undefined, planned: ContainerView, turn: number): ContainerView {
  if (old === undefined) return { ...planned, createdAt: LATER + turn };
  const { id, createdAt, startedAt, networks } = old;
  const exposed = planned.exposed.length > 0 ? planned.exposed : old.exposed;
  return { ...planned, id, createdAt, startedAt, networks, exposed };
}

function made({ design }: Routing, snapshot: Snapshot): { readonly built: Built; readonly desired: Desired } {
  const built = design.build(snapshot);
  return { built, desired: design.render(built.model) };
}

/** What `run` would do, if all servers answered. */
function planOf(before: Desired, after: Desired, { settings }: Routing): Omit<Against, "changes"> {
  const statesOf = ({ model }: Desired) =>
    new Map(
      model.backends.flatMap(({ servers }) =>
        servers.map(({ name, gate }) => [name, gate === "open" ? "ready" : "maint"] as const)
      ),
    );
  const believed = new Believed();
  believed.loaded(before, statesOf(before));
  if (believed.running === undefined) throw new TypeError("Nothing is believed to run");
  const capabilities = capabilitiesOf(settings.haproxyVersion, settings.addBackends);
  const plan = planChange(believed.running, after, statesOf(after), capabilities);
  if (plan.kind === "reload") return { plan: "reload", reasons: plan.reasons.map(reloadReasonText) };
  return { plan: plan.kind === "runtime" ? "runtime" : "nothing", reasons: [] };
}
