import { type HostName, parseHost } from "../values/names.ts";
import { quote } from "../values/notice.ts";
import type { RouteData } from "../keys/route_data.ts";
import { sharesNetwork } from "../snapshot/network_owner.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";

/** The host of a route; `undefined` with a reason where the container has none to offer. */
export type RouteHost = { readonly host: HostName } | {
  readonly host: undefined;
  readonly why: string;
  readonly isWrong: boolean;
};

/**
 * Which host a route serves, by the rule of the contract: hostname and domain as Docker has them, each overridden by
 * the data. The id that Docker gives as a hostname, the machine's name on the host's network, and the names of another
 * container whose network is shared count as none.
 */
export function routeHost(
  container: ContainerView,
  data: RouteData,
  defaultDomain: HostName | undefined,
): RouteHost {
  const [first] = data.hosts ?? [];
  if (data.hostname === undefined && first !== undefined) return { host: first };
  const isNamed = data.hostname !== undefined;
  const hostname = lowered(data.hostname ?? ownHostname(container));
  const domain = lowered(data.domain ?? ownDomain(container));
  const text = combine(hostname, domain, defaultDomain, isNamed);
  if (text === "") {
    const why = container.listed !== undefined && hostname === ""
      ? 'it names no host: expected "hostname", such as www.example.com'
      : hostname === ""
      ? `${
        container.networkMode === "host"
          ? "on the host's network its hostname may be the machine's: expected"
          : "it names no host: expected --hostname www.example.com, or"
      } a hostname in INTERLOCK_DATA or a label`
      : `its hostname ${quote(hostname)} has no domain: expected a domain, or --default-domain for all`;
    return { host: undefined, why, isWrong: false };
  }
  const host = parseHost(text);
  if (host.ok) return { host: host.value };
  return {
    host: undefined,
    why: `its host ${quote(text)} cannot be used, expected ${host.expected}`,
    isWrong: true,
  };
}

/** As hosts are compared: in lower case, without the dot that may end them. */
function lowered(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

function combine(
  hostname: string,
  domain: string,
  defaultDomain: string | undefined,
  isNamed: boolean,
): string {
  if (hostname === "") return domain;
  if (domain !== "") {
    return hostname === domain || hostname.endsWith(`.${domain}`) ? hostname : `${hostname}.${domain}`;
  }
  if (hostname.includes(".")) return hostname;
  if (defaultDomain !== undefined) return `${hostname}.${defaultDomain}`;
  return isNamed ? hostname : "";
}

/** The hostname that a person chose for the container, and none that Docker made up. */
function ownHostname(container: ContainerView): string {
  const isInvented = container.hostname === container.id.slice(0, 12) || container.networkMode === "host" ||
    hasNamesOfAnother(container);
  return isInvented ? "" : container.hostname;
}

const ownDomain = (container: ContainerView): string =>
  hasNamesOfAnother(container) ? "" : container.domainname;

/** Docker copies hostname and domain of the container whose network is shared, and takes no others. */
const hasNamesOfAnother = sharesNetwork;
