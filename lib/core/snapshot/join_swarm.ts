import type { ContainerId } from "../values/names.ts";
import type { ContainerView, ExposedPort } from "./snapshot.ts";
import type { NodeEngine, OwnPlace, Swarm, SwarmService, SwarmTask } from "./swarm.ts";
import type { SwarmNode } from "./swarm_node.ts";
import { isAhead, phaseOf, type TaskPhase } from "./task_phase.ts";
import { idOfTask, viewOfLoneTask, viewOfTask } from "./task_view.ts";

/** The containers of engines and the tasks of Swarms, each once. */
export type Joined = {
  readonly containers: readonly ContainerView[];
  readonly starting: ReadonlySet<ContainerId>;
  readonly leaving: ReadonlySet<ContainerId>;
  readonly stopping: ReadonlySet<ContainerId>;
  /** Under which id each container is known that is a task. */
  readonly taskIds: ReadonlyMap<string, ContainerId>;
  readonly nodes: readonly SwarmNode[];
};

/** What is joined. */
export type JoinParts = {
  readonly swarm: Swarm;
  readonly place: OwnPlace;
  /** The engines that are followed; of a snapshot file there is one that tells of all its containers. */
  readonly engines: readonly NodeEngine[];
};

/** What the last view of a task was made of: the same objects always give the same view. */
type Made = { readonly parts: readonly unknown[]; readonly view: ContainerView };

/** Joins what engines and managers say. It remembers the views of the last time, so that what has not changed stays the same. */
export class SwarmJoin {
  #made = new Map<string, Made>();
  #next = new Map<string, Made>();

  /** A task and its container are one: the task says what it serves, its engine adds what only that one knows. */
  join({ swarm, place, engines }: JoinParts): Joined {
    this.#next = new Map();
    const { byTask, taskIds } = containersOfTasks(swarm.tasks, engines);
    const sets = {
      starting: new Set<ContainerId>(),
      leaving: new Set<ContainerId>(),
      stopping: new Set<ContainerId>(),
    };
    const services = new Map(swarm.services.map((service) => [service.id, service]));
    const nodes = new Map(swarm.nodes.map((node) => [node.id, node]));
    const declared = declaredPorts(swarm.tasks, byTask);
    const views: ContainerView[] = [];
    for (const engine of engines) {
      const isManaged = engine.nodeId !== undefined && nodes.has(engine.nodeId);
      for (const container of engine.containers.values()) {
        if (taskIds.has(container.id)) continue;
        if (container.taskId === undefined) views.push(container);
        // Until its manager tells of it, it is not known what it serves.
        else if (!isManaged) {
          views.push(
            this.#remember(container.id, [container, place], () => viewOfLoneTask(container, place)),
          );
        }
      }
    }
    for (const [serviceId, tasks] of Map.groupBy(swarm.tasks, ({ serviceId }) => serviceId)) {
      const service = services.get(serviceId);
      if (service === undefined) continue;
      const phases = phasesOf(tasks, service, nodes, engines);
      const speaker = speakerOf(phases);
      for (const [task, phase] of phases) {
        const container = byTask.get(task);
        const ports = declared.get(service.id) ?? NO_PORTS;
        const node = nodes.get(task.nodeId ?? "");
        const speaks = task === speaker;
        const isContainer = taskIds.get(task.containerId ?? "") === idOfTask(task.id);
        const around = { service, node, place, container, isContainer, declared: ports, speaks };
        const seen = [container?.status, container?.networks, ports].map((each) => JSON.stringify(each));
        const parts = [task, service, node, place, speaks, isContainer, ...seen];
        const view = this.#remember(task.id, parts, () => viewOfTask(task, around));
        // Without an address there is nothing to prepare.
        if (phase === "starting" && view.networks.length === 0) continue;
        if (phase !== "running" && phase !== "over") sets[phase].add(view.id);
        views.push(view);
      }
    }
    this.#made = this.#next;
    return { containers: views, ...sets, taskIds, nodes: swarm.nodes };
  }

  #remember(id: string, parts: readonly unknown[], make: () => ContainerView): ContainerView {
    const before = this.#made.get(id);
    const isSame = before !== undefined && parts.every((part, at) => part === before.parts[at]);
    const made = isSame ? before : { parts, view: make() };
    this.#next.set(id, made);
    return made.view;
  }
}

/**
 * The containers that tasks are. A node says itself which container a task is: that of another node, and one that Swarm has not
 * marked with this task, stays what its own engine says.
 */
function containersOfTasks(tasks: readonly SwarmTask[], engines: readonly NodeEngine[]): {
  readonly byTask: ReadonlyMap<SwarmTask, ContainerView>;
  readonly taskIds: ReadonlyMap<string, ContainerId>;
} {
  const byTask = new Map<SwarmTask, ContainerView>();
  const taskIds = new Map<string, ContainerId>();
  for (const task of tasks) {
    const { id, nodeId, containerId } = task;
    if (containerId === undefined) continue;
    const engine = engines.find(({ containers }) => containers.has(containerId as ContainerId));
    const container = engine?.containers.get(containerId as ContainerId);
    const isItself = container?.taskId === id && (engine?.nodeId === undefined || engine.nodeId === nodeId);
    if (container !== undefined && !isItself) continue;
    if (container !== undefined) byTask.set(task, container);
    taskIds.set(containerId, idOfTask(id));
  }
  return { byTask, taskIds };
}

const NO_PORTS: readonly ExposedPort[] = [];

type Phases = ReadonlyMap<SwarmTask, TaskPhase>;

/** The tasks of one service that serve, are about to, or have just ended while others are about to. */
function phasesOf(
  tasks: readonly SwarmTask[],
  service: SwarmService,
  nodes: ReadonlyMap<string, SwarmNode>,
  engines: readonly NodeEngine[],
): Phases {
  const phases = new Map<SwarmTask, TaskPhase>();
  let last: SwarmTask | undefined;
  for (const task of tasks) {
    const told = phaseOf(task, nodes.get(task.nodeId ?? ""), service.version);
    const phase = told === "running" || told === "leaving" ? heard(told, task, engines) : told;
    if (phase !== "over") phases.set(task, phase);
    else if (task.containerId !== undefined && (last === undefined || isYounger(task, last))) last = task;
  }
  const serves = [...phases.values()].some((phase) => phase !== "starting");
  // Until another one runs, its host is known and answers 503.
  if (!serves && last !== undefined && tasks.some(isAhead)) phases.set(last, "stopping");
  return phases;
}

const isYounger = (a: SwarmTask, b: SwarmTask): boolean =>
  a.createdAt - b.createdAt > 0 || (a.createdAt === b.createdAt && a.id > b.id);

/** The engine of a task's node knows of its end before its manager does. */
function heard(
  phase: TaskPhase,
  { nodeId, containerId }: SwarmTask,
  engines: readonly NodeEngine[],
): TaskPhase {
  if (nodeId === undefined || containerId === undefined) return phase;
  const engine = engines.find((each) => each.nodeId === nodeId);
  if (engine === undefined) return phase;
  const id = containerId as ContainerId;
  if (engine.stopping.has(id)) return "stopping";
  return engine.isListening && !engine.containers.has(id) ? "stopping" : phase;
}

/** The task that speaks for its service where that is reached as a whole: the first by id of those that serve. */
function speakerOf(phases: Phases): SwarmTask | undefined {
  const serving = [...phases].filter(([, phase]) => phase === "running").map(([task]) => task);
  return serving.reduce<SwarmTask | undefined>(
    (first, task) => first === undefined || task.id < first.id ? task : first,
    undefined,
  );
}

/** A manager tells of no port that an image declares: what one engine tells of a service holds for all its tasks. */
function declaredPorts(
  tasks: readonly SwarmTask[],
  byTask: ReadonlyMap<SwarmTask, ContainerView>,
): ReadonlyMap<string, readonly ExposedPort[]> {
  const found = new Map<string, { readonly id: string; readonly ports: readonly ExposedPort[] }>();
  for (const task of tasks) {
    const { id, serviceId } = task;
    const container = byTask.get(task);
    const before = found.get(serviceId);
    if (container === undefined || (before !== undefined && before.id < id)) continue;
    found.set(serviceId, { id, ports: container.exposed });
  }
  return new Map([...found].map(([service, { ports }]) => [service, ports]));
}
