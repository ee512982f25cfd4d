/** A small world of hosts and containers that changes at random, the same way for the same seed. */
import type { Note } from "../changes/situation.ts";
import { seeded } from "../harness/seeded.ts";

type Container = {
  readonly id: string;
  readonly age: number;
  name: string;
  host: string;
  data: Record<string, unknown>;
  labels: Record<string, string>;
  address: string;
  starts: number;
  isRunning: boolean;
  isReady: boolean;
  isStopping: boolean;
};

/** Few enough that containers meet: the same host, the same alias, a spare that has just been left. */
const HOSTS = ["a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com"];
const ALIASES = ["x.example.com", "a.example.com"];
const WILDCARDS = ["*.example.com", "*.example.net", "*.deep.example.com"];
const BALANCES = ["leastconn", "source", "random(2)", "static-rr"];

/** The world, and how it changes. */
export class Universe {
  readonly #random: () => number;
  readonly #containers: Container[] = [];
  #born = 0;
  #addresses = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** Changes one to three things; answers with what was done, in words. */
  step(): string {
    const count = 1 + Math.floor(this.#random() * 3);
    return Array.from({ length: count }, () => this.#change()).join(", ");
  }

  /** The world as a snapshot for `Containers.move`. */
  get snapshot(): string {
    return JSON.stringify(this.#containers.map((each) => ({
      Id: each.id,
      Name: `/${each.name}`,
      Created: new Date(Date.UTC(2024, 4, 1, 10, 0, each.age)).toISOString(),
      State: { Status: each.isRunning ? "running" : "exited", StartedAt: `start ${each.starts}` },
      Config: {
        Hostname: each.host,
        Env: [`INTERLOCK_DATA=${JSON.stringify(each.data)}`],
        Labels: each.labels,
        ExposedPorts: { "80/tcp": {} },
      },
      NetworkSettings: { Networks: { bridge: { IPAddress: each.isRunning ? each.address : "" } } },
    })));
  }

  /** What the snapshot does not say. */
  get note(): Note {
    const names = (isMeant: (container: Container) => boolean) =>
      this.#containers.filter(isMeant).map((container) => container.name);
    return { not_ready: names((each) => !each.isReady), stopping: names((each) => each.isStopping) };
  }

  /** A host that may be asked, whoever serves it. */
  pickHost(): string {
    return this.#pick(HOSTS);
  }

  #change(): string {
    const container = this.#containers.length === 0 ? undefined : this.#pick(this.#containers);
    const dice = this.#random();
    if (container === undefined || (dice < 0.35 && this.#containers.length < 9)) return this.#create();
    if (dice < 0.5) {
      this.#containers.splice(this.#containers.indexOf(container), 1);
      return `${container.id} is removed`;
    }
    if (dice < 0.65) return this.#restart(container);
    if (dice < 0.8) {
      container.isReady = !container.isReady;
      return `${container.id} is ${container.isReady ? "" : "not "}ready`;
    }
    if (dice < 0.95) {
      container.isStopping = !container.isStopping;
      return `${container.id} ${container.isStopping ? "is told to stop" : "lives on"}`;
    }
    container.name = `${container.id}-renamed-${this.#born++}`;
    return `${container.id} is renamed`;
  }

  #restart(container: Container): string {
    container.isRunning = !container.isRunning;
    container.isStopping = false;
    if (!container.isRunning) return `${container.id} dies`;
    container.starts++;
    container.isReady = this.#random() < 0.5;
    if (this.#random() < 0.4) container.address = this.#address();
    return `${container.id} starts at ${container.address}`;
  }

  #create(): string {
    const born = ++this.#born;
    const dice = this.#random();
    const data: Record<string, unknown> = {};
    if (dice < 0.12) data["alias_domains"] = [this.#pick(ALIASES)];
    else if (dice < 0.2) data["balance_algorithm"] = this.#pick(BALANCES);
    else if (dice < 0.25) data["check_interval"] = 2_000;
    else if (dice < 0.3) data["hostname"] = this.#pick(WILDCARDS);
    const labels: Record<string, string> = dice > 0.9 ? { "interlock.context_root": "/app" } : {};
    const id = `c${born}`;
    const host = this.pickHost();
    const isReady = this.#random() < 0.7;
    const started = { address: this.#address(), starts: 1, isRunning: true, isReady, isStopping: false };
    this.#containers.push({ id, name: id, age: born, host, data, labels, ...started });
    return `${id} is created for ${host} with ${JSON.stringify({ ...data, ...labels })}`;
  }

  /** Never one that was used before: what still hangs on a container ends with it, as it would with Docker's. */
  #address(): string {
    this.#addresses++;
    return `172.17.2.${this.#addresses}`;
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }
}
