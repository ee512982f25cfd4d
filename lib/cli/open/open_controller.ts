import type { LiveCertificates } from "../../certificates/live_certificates.ts";
import { systemClock } from "../../clock.ts";
import type { RefusedCertificates } from "../../core/certificates/refused_certificates.ts";
import { Controller } from "../../loop/controller.ts";
import { Machine } from "../../machine.ts";
import type { ContainerSource } from "../../ports.ts";
import { NetworkProber } from "../../probe/network_prober.ts";
import type { OpenedHaproxy } from "./open_haproxy.ts";
import type { RunContext } from "./run_context.ts";

/** The loop with the parts of the world that it works on. */
export function openController(
  { settings, routing, report }: RunContext,
  source: ContainerSource,
  { haproxy, serverLimit }: OpenedHaproxy,
  { usable, refused }: {
    readonly usable: Pick<LiveCertificates, "now">;
    readonly refused: RefusedCertificates;
  },
): Controller {
  const machine = new Machine(systemClock);
  return new Controller({
    source,
    haproxy,
    prober: new NetworkProber(systemClock),
    clock: systemClock,
    report,
    refused,
    settle: { quietMs: settings.settleMs, mostMs: settings.settleMaxMs },
    design: {
      build: (snapshot, inUse) =>
        routing.now.design.build(
          snapshot,
          inUse,
          { addresses: machine.addresses(), serverLimit },
          usable.now,
        ),
      render: (model) => routing.now.design.render(model),
    },
  });
}
