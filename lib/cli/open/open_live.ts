import { systemClock } from "../../clock.ts";
import type { StatusFacts } from "../../core/status/status.ts";
import { OwnedHaproxy } from "../../haproxy/owned_haproxy.ts";
import type { Controller } from "../../loop/controller.ts";
import { LiveView } from "../../report/live_view.ts";
import type { RunContext } from "./run_context.ts";

/** The live picture of a signalbox that runs, for the page and `top`. */
export function openLive(
  { settings, report }: RunContext,
  controller: Controller,
  facts: () => Promise<StatusFacts>,
): LiveView {
  const { haproxy } = controller.parts;
  return new LiveView({
    clock: systemClock,
    state: () => controller.state,
    facts,
    statistics: haproxy instanceof OwnedHaproxy ? () => haproxy.statistics() : undefined,
    bindings: () => controller.applier.running?.bindings ?? new Map<string, string>(),
    history: report.history,
    prefix: settings.labelPrefix,
    followRequests: settings.accessLog === "all"
      ? (hear) => {
        report.onRequests = hear;
        return () => void (report.onRequests = undefined);
      }
      : undefined,
  });
}
