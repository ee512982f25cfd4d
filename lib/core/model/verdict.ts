import type { Built } from "./build_model.ts";
import { whyTaken } from "./claims.ts";
import type { Route, Server } from "./model.ts";
import type { Considered } from "./model_memory.ts";
import type { RouteData } from "../keys/route_data.ts";
import type { HostName } from "../values/names.ts";
import type { Offer } from "./offer.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";

/** What became of one thing that a container offers: for `explain`. */
export type Verdict = {
  readonly container: ContainerView;
  readonly hosts: readonly Route[];
  readonly server: Server | undefined;
  /** Why it serves nothing, where it serves nothing. */
  readonly why: string | undefined;
  /** A stable word for that. */
  readonly code?: string;
  /** The host that it does not serve, where that is known. */
  readonly wanted: HostName | undefined;
  /** What it says of what it serves. */
  readonly data?: RouteData;
};

/** How many containers have a route, and how many none, by the word for their first reason. */
export type Counted = { readonly routed: number; readonly left: Readonly<Record<string, number>> };

/** Counts containers and routes of files by what became of them. */
export function countContainers(built: Pick<Built, "considered" | "owners">): Counted {
  const left = new Map<string, number>();
  let routed = 0;
  for (const each of built.considered) {
    const verdicts = verdictsOn(each, built.owners);
    if (verdicts.some(({ server }) => server !== undefined)) routed++;
    else {
      const code = verdicts[0]?.code ?? "no-host";
      left.set(code, (left.get(code) ?? 0) + 1);
    }
  }
  return { routed, left: Object.fromEntries([...left].sort()) };
}

/** What became of everything that containers offered, the oldest first. */
export function verdictsOf({ considered, owners }: Pick<Built, "considered" | "owners">): Verdict[] {
  return considered.flatMap((each) => verdictsOn(each, owners));
}

function verdictsOn({ container, attempts }: Considered, owners: Built["owners"]): Verdict[] {
  return attempts.flatMap(({ offer, why, wanted, notices, code = notices.at(-1)?.code ?? "other" }) => {
    if (offer !== undefined) return [verdictOn(offer, owners)];
    return why === undefined ? [] : [{ container, hosts: [], server: undefined, why, code, wanted }];
  });
}

function verdictOn({ own, aliases, container, server, data }: Offer, owners: Built["owners"]): Verdict {
  const owner = owners.get(own.key) ?? ownerElsewhere(own, owners);
  if (owner !== undefined && owner.backend !== own.backend) {
    return {
      container,
      hosts: [],
      server: undefined,
      why: whyTaken(own, owner),
      code: "host-taken",
      wanted: own.host,
    };
  }
  const served = aliases.filter((alias) => owners.get(alias.key)?.backend === own.backend);
  return { container, hosts: [own, ...served], server, why: undefined, wanted: undefined, data };
}

/** The older route that left no room for one that nobody has: by its port, or by the TLS of its host. */
function ownerElsewhere({ listen, host }: Route, owners: Built["owners"]): Route | undefined {
  const all = [...owners.values()];
  const ofPort = listen &&
    all.find((owner) => owner.listen?.port === listen.port && owner.listen.protocol !== listen.protocol);
  return ofPort ??
    all.find((owner) => owner.host === host && (owner.listen === undefined) !== (listen === undefined));
}
