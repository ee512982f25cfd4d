import { systemClock } from "../../clock.ts";
import { Design } from "../../core/config/design.ts";
import type { Controller } from "../../loop/controller.ts";
import { Rehearsal } from "../../loop/rehearsal.ts";
import type { RunContext } from "./run_context.ts";

/** The rehearsal of the first change, with a container that is served for an example. */
export function openRehearsal(
  { routing }: RunContext,
  controller: Controller,
  signal: AbortSignal,
): Rehearsal {
  return new Rehearsal({
    example: () => {
      if (controller.applier.running === undefined) return undefined;
      const served = controller.built?.considered.find(({ attempts }) =>
        attempts.some(({ offer }) => offer !== undefined)
      );
      return served?.container;
    },
    design: () => new Design(routing.now.settings, routing.now.templates),
    capabilities: () => controller.parts.haproxy.capabilities,
    wakes: () => controller.mailbox.puts,
    clock: systemClock,
  }, signal);
}
