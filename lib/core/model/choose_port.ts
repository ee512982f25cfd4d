import type { Port } from "../values/names.ts";
import { quote } from "../values/notice.ts";
import type { ContainerView, ExposedPort } from "../snapshot/snapshot.ts";
import type { Choice } from "./choose_endpoint.ts";

/**
 * Which container port to use: the one named, else the only TCP port, else the lowest published, else the lowest exposed.
 * `shared` is the container whose network it uses, itself otherwise: what that one declares or publishes counts, since
 * Docker takes no declaration of ports beside it. Its own image's ports are more likely its own.
 */
export function choosePort(
  container: ContainerView,
  shared: ContainerView,
  named: Port | undefined,
): Choice<Port> {
  // Neither a manager of a Swarm nor a file tells what an image declares.
  const isUnknown = container.task !== undefined || container.plannedAs !== undefined;
  const isDeclared = (port: Port) => isUnknown || declares(container, port) || declares(shared, port);
  if (named !== undefined && isDeclared(named)) {
    return { ok: true, value: named };
  }
  let first: Port | undefined;
  let isOnly = true;
  let declaring = container;
  for (const own of shared === container ? [container] : [container, shared]) {
    for (const { protocol, port, last } of own.exposed) {
      if (protocol !== "tcp") continue;
      isOnly = first === undefined && last === undefined;
      first ??= port;
    }
    declaring = own;
    if (first !== undefined) break;
  }
  if (first === undefined && container.plannedAs !== undefined) return ASSUMED;
  const declared = declaredPorts(container, shared);
  if (named !== undefined) {
    return { ok: false, why: whyNot(named, declared, shared === container ? undefined : shared) };
  }
  if (first === undefined) return { ok: false, why: `no port to use: ${otherPorts(declared)}` };
  if (isOnly) return { ok: true, value: first };
  const lowest = shared.published.find(({ port }) => declares(declaring, port))?.port;
  const value = lowest ?? first;
  const rule = lowest === undefined ? "the lowest exposed" : "the lowest published";
  return {
    ok: true,
    value,
    remark: `${portsOf(declared)}; port ${value} is used, ${rule}: name one with "port"`,
  };
}

/** Most images that declare one port declare this one. */
const ASSUMED: Choice<Port> = {
  ok: true,
  value: 80 as Port,
  remark:
    "its file names no port, and without Docker nobody knows which its image declares: 80 stands in its " +
    'place; name it with "port", "expose" or "ports"',
  isAssumed: true,
};

function declares({ exposed }: ContainerView, port: Port): boolean {
  return exposed.some((each) =>
    each.protocol === "tcp" && each.port <= port && port <= (each.last ?? each.port)
  );
}

/** The ports that are there, as a message tells them, and how one is declared. */
type DeclaredPorts = { readonly ports: readonly ExposedPort[]; readonly advice: string };

function declaredPorts(container: ContainerView, shared: ContainerView): DeclaredPorts {
  if (container.task !== undefined) {
    return { ports: container.exposed, advice: 'its "port" named, or one published' };
  }
  if (shared === container) {
    return { ports: container.exposed, advice: "EXPOSE in its image, --expose or -p" };
  }
  const ports = [...container.exposed, ...shared.exposed];
  // Docker refuses --expose and -p beside another's network.
  const advice = `EXPOSE in its image, or --expose or -p on ${quote(shared.name)}, whose network it uses`;
  return { ports, advice };
}

const tcpPorts = ({ ports }: DeclaredPorts): string[] =>
  ports.filter(({ protocol }) => protocol === "tcp").map(rangeOf);

function portsOf(declared: DeclaredPorts): string {
  const tcp = tcpPorts(declared);
  return tcp.length === 1 ? `its TCP port is ${tcp[0]}` : `its TCP ports are ${listOf(tcp)}`;
}

/** Why a port that is named cannot be used, and the line that declares it. `owner` is whose network the container uses. */
function whyNot(named: Port, declared: DeclaredPorts, owner: ContainerView | undefined): string {
  const { length } = tcpPorts(declared);
  const others = length === 0
    ? "it has no TCP port: expected"
    : `${portsOf(declared)}: expected ${length === 1 ? "that" : "one of them"}, or`;
  const line = owner === undefined
    ? `--expose ${named} (in Compose expose: ["${named}"]) or EXPOSE ${named} in its image`
    : `EXPOSE ${named} in its image, or --expose ${named} on ${quote(owner.name)}, whose network it uses`;
  return `it has no port ${named}, ${others} ${line}`;
}

function otherPorts({ ports, advice }: DeclaredPorts): string {
  const others = ports.map((port) => `${rangeOf(port)}/${port.protocol}`);
  return others.length === 0
    ? `it declares none, expected a TCP port: ${advice}`
    : `it declares ${listOf(others)} only, expected a TCP port: ${advice}`;
}

const rangeOf = ({ port, last }: ExposedPort): string => last === undefined ? `${port}` : `${port}-${last}`;

/** Ports that a message names; an image may declare all there are. */
const MOST_NAMED = 20;

function listOf(words: readonly string[]): string {
  const more = words.length - MOST_NAMED;
  return more > 0 ? `${words.slice(0, MOST_NAMED).join(", ")} and ${more} more` : words.join(", ");
}
