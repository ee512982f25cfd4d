import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import type { IpAddress } from "../../core/values/names.ts";
import { sha256 } from "../../core/values/sha256.ts";
import { decodeContainer } from "../api/decode.ts";
import type { ComposeProject } from "./project.ts";
import { portsOf } from "./ports.ts";
import type { ComposeService } from "./service.ts";

/** How services are reached: by their names, for people; or by numbers, which a HAProxy that knows no names can read. */
export type ServiceAddresses = "names" | "numbers";

/** The service that each container is of. */
export type ServiceViews = {
  readonly views: readonly ContainerView[];
  /** By the container's name. */
  readonly services: ReadonlyMap<string, ComposeService>;
};

/** The first container of a project is so old; each next one is a second younger. */
const CREATED = Date.UTC(2000, 0, 1);

/**
 * The containers that the services of a project would have, each as `docker inspect` would show it and read by the same reader, so that all
 * behind goes one way. The same files give the same views.
 */
export function viewsOf(
  { services }: Pick<ComposeProject, "services">,
  addresses: ServiceAddresses,
  prefix?: LabelPrefix,
): ServiceViews {
  // Whatever the folder is called, from which a project has its name: the config has a part of the id.
  const idOf = (service: string, at: number) => sha256(`compose ${service} ${at}`);
  const views: ContainerView[] = [];
  const byContainer = new Map<string, ComposeService>();
  for (const service of services) {
    for (const [at, container] of service.containers.entries()) {
      const json = inspectOf(service, { id: idOf(service.name, at), container, turn: views.length, idOf });
      const view = decodeContainer(json, prefix);
      if (!view.ok) throw new TypeError(`The container of a service is wrong: expected ${view.expected}`);
      byContainer.set(container, service);
      // Without the project's name, which is that of any folder.
      const plannedAs = service.containers.length === 1 ? service.name : `${service.name}-${at + 1}`;
      views.push({ ...withAddresses(view.value, service, addresses, views.length), plannedAs });
    }
  }
  return { views, services: byContainer };
}

type Making = {
  readonly id: string;
  readonly container: string;
  readonly turn: number;
  readonly idOf: (service: string, at: number) => string;
};

function inspectOf(service: ComposeService, { id, container, turn, idOf }: Making): unknown {
  const ports: Record<string, { HostIp: string; HostPort: string }[]> = {};
  const exposed: Record<string, unknown> = {};
  for (const range of service.exposed) exposed[range] = {};
  for (const { target, published, hostAddress, protocol } of service.ports) {
    const [inner, outer] = [portsOf(target), published === "" ? [] : portsOf(published)];
    for (const [at, port] of inner.entries()) {
      exposed[`${port}/${protocol}`] = {};
      // Of a range for one port, Docker chooses.
      const hostPort = outer.length === inner.length ? outer[at] : undefined;
      if (hostPort !== undefined) {
        (ports[`${port}/${protocol}`] ??= []).push({ HostIp: hostAddress, HostPort: `${hostPort}` });
      }
    }
  }
  const [, shared] = /^service:(.*)$/.exec(service.networkMode) ?? [];
  return {
    Id: id,
    Name: `/${container}`,
    Created: new Date(CREATED + turn * 1_000).toISOString(),
    State: { Status: "running", Running: true },
    Config: {
      // Docker takes the id for a container that has no name of its own.
      Hostname: service.hostname || id.slice(0, 12),
      Domainname: service.domainname,
      Env: envOf(service),
      Labels: service.labels,
      ExposedPorts: exposed,
    },
    HostConfig: { NetworkMode: shared === undefined ? service.networkMode : `container:${idOf(shared, 0)}` },
    NetworkSettings: { Ports: ports },
  };
}

function envOf({ interlockData: data, otherVariables: others }: ComposeService): readonly string[] {
  const own = data === undefined ? [] : [`INTERLOCK_DATA=${data}`];
  return [...own, ...Object.entries(others).map(([name, text]) => `${name}=${text}`)];
}

/** A service has its name on each network; on no network and on the host's it has none. */
function withAddresses(
  view: ContainerView,
  { name, networks, networkMode }: ComposeService,
  addresses: ServiceAddresses,
  at: number,
): ContainerView {
  if (networkMode === "none" || networkMode === "host") return view;
  // 198.18.0.0/15 is set apart for tests (RFC 2544): no network of anybody's has such addresses.
  const number = `198.${18 + ((at >> 16) & 1)}.${(at >> 8) & 255}.${at & 255}`;
  const address = (addresses === "names" ? name : number) as IpAddress;
  const attached = [...new Set(networks)].sort().map((network) => ({
    name: network,
    ipv4: address,
    ipv6: undefined,
  }));
  return { ...view, networks: attached };
}
