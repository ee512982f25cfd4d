import type { Believed } from "../apply/believed.ts";
import type { ConfigChecks } from "../apply/config_checks.ts";
import type { Quarantine } from "../apply/quarantine.ts";
import type { Design } from "../core/config/design.ts";
import type { Desired } from "../core/config/render.ts";
import type { Built } from "../core/model/build_model.ts";
import type { InUse } from "../core/model/ways.ts";
import type { Snapshot } from "../core/snapshot/snapshot.ts";
import type { TcpPart } from "../core/config/tcp_part.ts";
import { readTcp } from "../core/plan/parse_config.ts";
import { keepBeforeHttps } from "../core/state/kept_listener.ts";
import type { HaproxyControl } from "../ports.ts";

/** What a Designer is made of. */
export type DesignerParts = {
  readonly design: Pick<Design, "build" | "render">;
  readonly quarantine: Quarantine;
  readonly checks: Pick<ConfigChecks, "refusesCertificates">;
  readonly believed: Pick<Believed, "running">;
  readonly haproxy: Pick<HaproxyControl, "loadedConfig">;
};

/** What is wanted, and how it came about. */
export type Designed = { readonly built: Built; readonly desired: Desired };

/** Builds and renders what is wanted, without what HAProxy refuses. */
export class Designer {
  constructor(readonly parts: DesignerParts) {}

  /** Designs again as long as HAProxy refuses certificates of the result: each time without those. */
  async design(snapshot: Snapshot, inUse: InUse, signal: AbortSignal): Promise<Designed> {
    const { design, quarantine, checks } = this.parts;
    const tcp = await this.#findTcp();
    for (;;) {
      const built = design.build(snapshot, inUse);
      const desired = design.render(keepBeforeHttps(quarantine.filter(built.model), tcp));
      if (!signal.aborted && await checks.refusesCertificates(desired, signal)) continue;
      const notices = [...built.notices, ...quarantine.notices()];
      return { built: { ...built, model: desired.model, notices }, desired };
    }
  }

  /** What HAProxy has for TCP: where signalbox does not know what it has, as far as the files of before tell it. */
  async #findTcp(): Promise<TcpPart | undefined> {
    const { believed: { running }, haproxy } = this.parts;
    if (running !== undefined) return running.tcp;
    const config = await haproxy.loadedConfig();
    return config === undefined ? undefined : readTcp(config);
  }
}
