import { type FoundCertificates, NO_CERTIFICATES } from "../certificates/certificate.ts";
import { certificateNotices } from "../certificates/certificate_notices.ts";
import { ChooseMemory } from "../certificates/choose_memory.ts";
import { certificateWishes } from "./certificate_wishes.ts";
import { sparedHosts } from "./spared_hosts.ts";
import { answerFiles } from "../certificates/named_file.ts";
import { namedFiles } from "./named_files.ts";
import { FleetNodes } from "../model/fleet_nodes.ts";
import { buildModel, type Built } from "../model/build_model.ts";
import { ModelMemory } from "../model/model_memory.ts";
import type { Considered } from "../model/model_memory.ts";
import type { Model } from "../model/model.ts";
import type { ServerName } from "../values/names.ts";
import { endedRoutes } from "../model/streams.ts";
import type { KnownMachine } from "../model/own_listener.ts";
import type { RoutingSettings } from "../model/routing_settings.ts";
import type { InUse } from "../model/ways.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { type Desired, renderDesired, RenderMemory } from "./render.ts";
import type { Templates } from "./templates.ts";

/**
 * The pure half of the flow for one set of settings and templates, with all that is remembered from one pass to the next:
 * what has not changed is neither built nor rendered again. The same input gives the same output, remembered or not.
 */
export class Design {
  readonly #built: ModelMemory;
  readonly #rendered = new RenderMemory();
  readonly #chosen = new ChooseMemory();
  readonly #fleet: FleetNodes;

  constructor(
    readonly settings: RoutingSettings,
    readonly templates: Templates,
    readonly certificates: FoundCertificates = NO_CERTIFICATES,
  ) {
    this.#built = new ModelMemory(settings);
    this.#fleet = new FleetNodes(settings.frontend);
  }

  /** What HAProxy should do, from what Docker said. Never throws on anything that a container wrote. */
  build(
    snapshot: Snapshot,
    inUse?: InUse,
    machine?: KnownMachine,
    certificates: FoundCertificates = this.certificates,
  ): Built {
    const built = buildModel(snapshot, this.settings, machine, inUse, this.#built);
    const { tls, acmeThumbprint } = this.settings.frontend;
    const fleet = this.#fleet.with(snapshot.nodes, machine?.addresses);
    const beside = namedFiles({ ...built.model, frontend: fleet.frontend }, certificates);
    const { model } = beside;
    const named = [...beside.files, ...tls?.answersAuthorities === true ? answerFiles(certificates) : []];
    // Nothing is known of what HAProxy will find where the certificates of its listener cannot be read.
    const hasListener = tls !== undefined && tls.unread === undefined;
    const wished = certificateWishes(model, certificates);
    const { wishes, asking, spared, notices } = sparedHosts(model, certificates, {
      wishes: wished.wishes,
      asking: beside.asking,
    });
    const wanted = { wishes, asking, spared, named };
    const isFetching = acmeThumbprint !== undefined;
    const told = [
      ...fleet.notices,
      ...beside.notices,
      ...!hasListener ? [] : [...wished.notices, ...notices],
      ...certificates.notices,
      ...!hasListener ? [] : certificateNotices(certificates, namedHosts(model), isFetching, wishes),
    ];
    return {
      ...built,
      considered: beside.left.size === 0
        ? built.considered
        : built.considered.map((each) => without(each, beside.left)),
      model: !hasListener && named.length === 0
        ? model
        : { ...model, certificates: this.#chosen.chosenOf(certificates, wanted, hasListener) },
      notices: told.length === 0 ? built.notices : [...built.notices, ...told],
    };
  }

  /** The files that say it. Throws TemplateError. */
  render(model: Model): Desired {
    return renderDesired(model, this.templates, this.settings, this.#rendered);
  }
}

/** The hosts that are routed, but for those that no certificate names: patterns, addresses, and all others. */
const namedHosts = ({ routes, streams }: Model): readonly string[] =>
  [...new Set([...routes, ...endedRoutes(streams)].map(({ host }) => host as string))].filter((host) =>
    /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(host) && !/^[\d.]+$/.test(host)
  );

/** What a container offers, without servers that are left out. */
const without = (considered: Considered, left: ReadonlyMap<ServerName, string>): Considered => ({
  ...considered,
  attempts: considered.attempts.map((attempt) => {
    const { offer, ...others } = attempt;
    const why = offer && left.get(offer.server.name);
    return offer === undefined || why === undefined ? attempt : { ...others, why, wanted: offer.own.host };
  }),
});
