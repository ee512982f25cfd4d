import type { Built } from "./build_model.ts";
import { whyTaken } from "./claims.ts";
import type { Route, Server } from "./model.ts";
import type { Considered } from "./model_memory.ts";
import type { RouteData } from "../keys/route_data.ts";
import type { HostName } from "../values/names.ts";
import { once } from "../values/once.ts";
import type { Offer } from "./attempt.ts";
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
  for (const verdicts of verdictsOfEach(built)) {
    if (verdicts.some(({ server }) => server !== undefined)) routed++;
    else {
      const code = verdicts[0]?.code ?? "no-host";
      left.set(code, (left.get(code) ?? 0) + 1);
    }
  }
  return { routed, left: Object.fromEntries([...left].sort()) };
}

/** What became of everything that containers offered, the oldest first. */
export function verdictsOf(built: Pick<Built, "considered" | "owners">): Verdict[] {
  return verdictsOfEach(built).flat();
}

/** The same, container by container. */
export function verdictsOfEach({ considered, owners }: Pick<Built, "considered" | "owners">): Verdict[][] {
  const known: Owners = { byKey: owners, first: once(() => firstOwners(owners)) };
  return considered.map((each) => verdictsOn(each, known));
}

/** Who got each route, by key and by what else leaves no room for others; thousands of routes may have been left without. */
type Owners = { readonly byKey: Built["owners"]; readonly first: () => FirstOwners };

function verdictsOn({ container, attempts }: Considered, owners: Owners): Verdict[] {
  return attempts.flatMap(({ offer, why, wanted, notices, code = notices.at(-1)?.code ?? "other" }) => {
    if (offer !== undefined) return [verdictOn(offer, owners)];
    return why === undefined ? [] : [{ container, hosts: [], server: undefined, why, code, wanted }];
  });
}

function verdictOn({ own, aliases, container, server, data }: Offer, owners: Owners): Verdict {
  const owner = owners.byKey.get(own.key) ?? ownerElsewhere(own, owners);
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
  const served = aliases.filter((alias) => owners.byKey.get(alias.key)?.backend === own.backend);
  return { container, hosts: [own, ...served], server, why: undefined, wanted: undefined, data };
}

/** The older route that left no room for one that nobody has: by its port, or by the TLS of its host. */
function ownerElsewhere({ listen, host }: Route, owners: Owners): Route | undefined {
  const { ofPorts, ofHosts } = owners.first();
  const ofPort = listen &&
    ofPorts.get(listen.port)?.find((owner) => owner.listen?.protocol !== listen.protocol);
  return ofPort ??
    ofHosts.get(host)?.find((owner) => (owner.listen === undefined) !== (listen === undefined));
}

/** The first owner of each protocol of a port, and of each host for HTTP and for streams. */
type FirstOwners = {
  readonly ofPorts: ReadonlyMap<number, readonly Route[]>;
  readonly ofHosts: ReadonlyMap<HostName, readonly Route[]>;
};

function firstOwners(owners: Built["owners"]): FirstOwners {
  const [ofPorts, ofHosts] = [new Map<number, Route[]>(), new Map<HostName, Route[]>()];
  for (const owner of owners.values()) {
    const { host, listen } = owner;
    const here = ofHosts.get(host) ?? [];
    if (here.every((each) => (each.listen === undefined) !== (listen === undefined))) here.push(owner);
    ofHosts.set(host, here);
    if (listen === undefined) continue;
    const there = ofPorts.get(listen.port) ?? [];
    if (there.every((each) => each.listen?.protocol !== listen.protocol)) there.push(owner);
    ofPorts.set(listen.port, there);
  }
  return { ofPorts, ofHosts };
}
