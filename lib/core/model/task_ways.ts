import { type AddressSettings, type Choice, type Chosen, direct, type Endpoint } from "./choose_endpoint.ts";
import { BRIDGE, HOST } from "../snapshot/task_view.ts";
import type { ContainerView, NetworkAttachment, ServiceFacts, TaskFacts } from "../snapshot/snapshot.ts";
import type { IpAddress, Port } from "../values/names.ts";
import { quote } from "../values/notice.ts";

/** A task of a Swarm. */
export type TaskView = ContainerView & { readonly task: TaskFacts };

/** Whether a container is a task of a Swarm. */
export const isTask = (container: ContainerView): container is TaskView => container.task !== undefined;

/** The ways to a task's port, the best one first; or why none leads there. */
export function waysToTask(
  task: TaskView,
  port: Port,
  network: string | undefined,
  { mode }: Pick<AddressSettings, "mode">,
): Choice<readonly [Endpoint, ...Endpoint[]]> {
  const { nodeAddress } = task.task;
  if (task.networkMode === HOST && nodeAddress !== undefined) {
    return { ok: true, value: [direct(nodeAddress, port)] };
  }
  const named = task.networks.filter(({ name }) => network === undefined || name === network);
  const on = (isBridge: boolean) =>
    named.filter(({ name }) => (name === BRIDGE) === isBridge).map((each) => endpointOn(each, port));
  const published = task.published.filter((each) => each.port === port).map(atNode);
  const [first, ...others] = [
    ...mode === "published" ? [] : on(false),
    ...mode === "container" ? [] : published,
    ...mode === "published" ? [] : on(true),
  ];
  if (first === undefined) return { ok: false, why: whyNoWay(task, port, network) };
  return { ok: true, value: [first, ...others] };
}

/** The service of a task; `undefined` for any other container. */
export const serviceOf = ({ task }: ContainerView): ServiceFacts | undefined => task?.service;

/** Where a task's service is reached as a whole, at a port. */
export function wayOfService({ task }: ContainerView, port: Port): Choice<Chosen> {
  const found = task?.service?.shared.find((each) => (each.port ?? port) === port);
  if (found === undefined) {
    return {
      ok: false,
      why:
        `port ${port} of its service has no virtual address on a network of signalbox's, and is not published: ` +
        `expected one network that both are on, or the port published`,
    };
  }
  return { ok: true, value: { ...direct(found.address, found.at ?? port), others: [], isDetour: false } };
}

/** The way to a task in words, for `explain`. */
export function wayOfTask(
  { task, networks }: ContainerView,
  { via, address }: Pick<Endpoint, "via" | "address">,
): string {
  if (via === "published") {
    return `a port of its node${task?.isElsewhere === true ? "" : ", which is this machine"}`;
  }
  const network = networks.find(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address);
  if (network === undefined) {
    return task?.nodeAddress === address ? "its node's network" : "its service as a whole, as it asks";
  }
  return network.name === BRIDGE
    ? `its address on ${BRIDGE} of this machine`
    : `its address on network ${quote(network.name)}`;
}

const endpointOn = ({ ipv4, ipv6 }: NetworkAttachment, port: Port): Endpoint =>
  direct((ipv4 ?? ipv6) as IpAddress, port);

const atNode = ({ hostAddress: address, hostPort: port }: ContainerView["published"][number]): Endpoint => ({
  ...direct(address, port),
  via: "published",
});

/** All ways that there are, so that the user can choose one. */
function whyNoWay({ task, networks }: TaskView, port: Port, network: string | undefined): string {
  const { outOfReach, service } = task;
  if (
    network !== undefined && !outOfReach.includes(network) && !networks.some(({ name }) => name === network)
  ) {
    return `it is not on network ${quote(network)}`;
  }
  const overlay = outOfReach.length === 0
    ? "put signalbox and the service on one overlay network"
    : `put signalbox on its network ${outOfReach.map(quote).join(" or ")}`;
  const whole = service === undefined || service.shared.length === 0
    ? ""
    : `, or say swarm=vip, which cannot drain`;
  return `no way leads from here to port ${port} of its task: ${overlay}, ` +
    `publish the port with mode=host, or run signalbox on its node, outside of containers${whole}`;
}
