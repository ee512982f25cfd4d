import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import { NO_SWARM, type Swarm, type SwarmTask } from "../../core/snapshot/swarm.ts";
import { isSettled } from "../../core/snapshot/task_phase.ts";
import { decodeNode, decodeService, decodeTask } from "../api/decode_swarm.ts";

/** What a manager said of one thing, and the mark by which it tells that it has changed. */
type Known<T> = { readonly mark: unknown; readonly value: T | undefined };

/** Decodes what a manager says, and what has not changed since gives the very same object. */
class Decoded<T extends { readonly id: string }> {
  all: readonly T[] = [];
  #known = new Map<unknown, Known<T>>();

  constructor(readonly decode: (json: unknown, before: T | undefined) => T | undefined) {}

  /** Takes a whole answer; answers whether anything differs. */
  take(answer: readonly unknown[]): boolean {
    const known = new Map<unknown, Known<T>>();
    let isChanged = false;
    for (const json of answer) {
      const { ID: id, Version: version } = (json ?? {}) as { ID?: unknown; Version?: { Index?: unknown } };
      const mark = version?.Index ?? JSON.stringify(json);
      const before = this.#known.get(id);
      const isSame = before !== undefined && before.mark === mark;
      isChanged ||= !isSame;
      known.set(id, isSame ? before : { mark, value: this.decode(json, before?.value) });
    }
    isChanged ||= known.size !== this.#known.size;
    if (!isChanged) return false;
    this.#known = known;
    const found = [...known.values()].flatMap(({ value }) => value ?? []);
    this.all = found.sort((a, b) => a.id < b.id ? -1 : 1);
    return true;
  }
}

/** What the managers of one Swarm said last. */
export class SwarmMemory {
  swarm: Swarm = NO_SWARM;
  /** It was read once. */
  isRead = false;
  readonly #services;
  readonly #tasks;
  readonly #nodes;

  constructor(prefix: LabelPrefix | undefined) {
    this.#services = new Decoded((json) => decodeService(json, prefix));
    this.#tasks = new Decoded((json, before: SwarmTask | undefined) =>
      withPorts(decodeTask(json, prefix), before)
    );
    this.#nodes = new Decoded((json) => decodeNode(json, prefix));
  }

  /** Takes the answers that there are; answers whether anything differs. */
  take(answers: {
    readonly tasks?: readonly unknown[] | undefined;
    readonly services?: readonly unknown[] | undefined;
    readonly nodes?: readonly unknown[] | undefined;
  }): boolean {
    const changes = [
      answers.tasks !== undefined && this.#tasks.take(answers.tasks),
      answers.services !== undefined && this.#services.take(answers.services),
      answers.nodes !== undefined && this.#nodes.take(answers.nodes),
      !this.isRead,
    ];
    this.isRead = true;
    if (!changes.includes(true)) return false;
    this.swarm = { services: this.#services.all, tasks: this.#tasks.all, nodes: this.#nodes.all };
    return true;
  }

  /** Whether every task is where its manager wants it to be, on a node and of a service that are known. */
  get isSettled(): boolean {
    const nodes = new Map(this.swarm.nodes.map((node) => [node.id, node]));
    return this.swarm.tasks.every((task) => isSettled(task, nodes.get(task.nodeId ?? "")));
  }

  /** Whether a task is of a service, or on a node, that was not read. */
  get lacksWords(): boolean {
    const services = new Set(this.swarm.services.map(({ id }) => id));
    const nodes = new Set(this.swarm.nodes.map(({ id }) => id));
    return this.swarm.tasks.some(({ serviceId, nodeId }) =>
      !services.has(serviceId) || (nodeId !== undefined && !nodes.has(nodeId))
    );
  }
}

/** A manager forgets the ports of a task that is to end seconds before its end. */
function withPorts(task: SwarmTask | undefined, before: SwarmTask | undefined): SwarmTask | undefined {
  return task === undefined || before === undefined || task.hostPorts.length > 0
    ? task
    : { ...task, hostPorts: before.hostPorts };
}
