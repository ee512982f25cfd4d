import { readBack } from "../core/plan/read_back.ts";
import { routesOf } from "../core/state/running.ts";
import type { Desired } from "../core/config/render.ts";
import type { Believed } from "./believed.ts";
import type { HaproxyControl, Reporter } from "../ports.ts";

/** What adopting an HAProxy takes. */
export type AdoptParts = {
  readonly haproxy: Pick<HaproxyControl, "findRemains" | "capabilities">;
  readonly report: Reporter;
  readonly believed: Believed;
};

/** Adopts the HAProxy of another signalbox without a load, if signalbox can tell what it has. */
export async function adopt({ haproxy, report, believed }: AdoptParts, desired: Desired): Promise<void> {
  const remains = await haproxy.findRemains([...desired.tables.keys()]);
  if (remains === undefined) return;
  const found = typeof remains === "string"
    ? { kind: "unclear", detail: remains } as const
    : readBack(remains, desired, haproxy.capabilities);
  if ("kind" in found) return believed.unclear(found);
  believed.adopted(found);
  report.tell({ kind: "read-back", routes: routesOf(found).size, spares: found.bindings.size });
}
