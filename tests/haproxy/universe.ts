/** A small world of hosts and containers that changes at random, the same way for the same seed. */
import { keysOf } from "../../lib/core/keys/options.ts";
import { KEY_NAMES, type KeyName, keyNamed } from "../../lib/core/keys/route_keys.ts";
import { KEY_ROWS } from "../core/key_rows.ts";
import type { Note } from "../changes/situation.ts";
import { seeded } from "../harness/seeded.ts";

type Container = {
  readonly id: string;
  readonly age: number;
  name: string;
  host: string;
  data: Record<string, unknown> | readonly Record<string, unknown>[];
  /** How it is reached. */
  readonly via: "own" | "published" | "ipv6";
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
const OPTIONS = ["http-server-close", "http-no-delay", "redispatch 3"];
const BALANCES = ["leastconn", "source", "random(2)", "static-rr"];

/** What the listeners that stand for containers do not speak, or cannot change to while they run, and where they are not. */
const LEFT_OUT: readonly string[] = ["enable", "port", "network", "send_proxy", "ssl_backend"];

/** Which keys containers change: those of routes, which need no reload, or all that there are. */
export const VOCABULARIES: Readonly<Record<"route" | "whole", readonly KeyName[]>> = {
  route: keysOf("route"),
  whole: KEY_NAMES.filter((name) => !LEFT_OUT.includes(name)),
};

/**
 * Keys that stand in a line of the backend or of the server: people set them once, and change them with the container. Where
 * the whole vocabulary is played, one change of a key in so many is of these, and one new container in so many says one.
 */
const SHAPE_KEYS = VOCABULARIES.whole.filter((name) =>
  ["backend", "server", "listener"].includes(keyNamed(name).scope) && name !== "weight"
);
const OTHER_KEYS = VOCABULARIES.whole.filter((name) => !SHAPE_KEYS.includes(name));
const SHAPE_IN = 40;

/** In which mix the whole vocabulary is played, for people. */
export const MIX =
  "the mix: of 100 changes about 35 create a container, 15 remove one, 15 stop or start one, 15 change whether it " +
  `answers, 8 tell it to stop or to live on, 2 change a weight, 9 a key; one key in ${SHAPE_IN} is of the backend's or server's line`;

/** What may happen between two changes. */
export const ACCIDENTS = [
  "another signalbox takes over",
  "HAProxy crashes",
  "a reload is asked for",
  "somebody takes a server out",
  "somebody gives a server another weight",
  "somebody removes a route",
  "a container is told to stop before it is looked at",
] as const;

/** The world, and how it changes. */
export class Universe {
  readonly #random: () => number;
  readonly #containers: Container[] = [];
  #born = 0;
  #addresses = 0;
  #isIpv6Used = false;

  constructor(seed: number, readonly vocabulary: keyof typeof VOCABULARIES = "route") {
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
      NetworkSettings: networkOf(each),
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

  /** Every host that containers may serve, a wildcard's as one of its hosts. */
  get hosts(): readonly string[] {
    const others = [...ALIASES, ...WILDCARDS].map((host) => host.replace("*", "some"));
    return [...new Set([...HOSTS, ...others])];
  }

  /** What happens now, for one step in two. */
  accident(): typeof ACCIDENTS[number] | undefined {
    return this.#random() < 0.5 ? undefined : this.#pick(ACCIDENTS);
  }

  /** Tells a container that runs to stop; answers with its name, if there is one. */
  tellToStop(): string | undefined {
    const running = this.#containers.filter((each) => each.isRunning && !each.isStopping);
    if (running.length === 0) return undefined;
    const container = this.#pick(running);
    container.isStopping = true;
    return container.name;
  }

  /** One of a list, the same for the same seed. */
  pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : this.#pick(list);
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
    if (dice < 0.88) {
      container.isStopping = !container.isStopping;
      return `${container.id} ${container.isStopping ? "is told to stop" : "lives on"}`;
    }
    if (dice < this.#weightsUntil && !Array.isArray(container.data)) {
      container.data = { ...container.data, weight: 1 + Math.floor(this.#random() * 256) };
      return `${container.id} says ${JSON.stringify(container.data)}`;
    }
    if (dice < 0.99 && !Array.isArray(container.data)) {
      container.data = this.#sayOfRoute(container.data as Record<string, unknown>);
      return `${container.id} says ${JSON.stringify(container.data)}`;
    }
    container.name = `${container.id}-renamed-${this.#born++}`;
    return `${container.id} is renamed`;
  }

  /** What a container says, with a key of its route said, said otherwise, or said no more. */
  #sayOfRoute(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const key = this.#pick(this.#keys());
    const { [key]: before, ...others } = data;
    if (before !== undefined && this.#random() < 0.4) return others;
    const { sample, right } = KEY_ROWS[key];
    const needed = keyNamed(key).needs?.key;
    return {
      ...needed === "context_root" && { context_root: "/app" },
      ...others,
      [key]: this.#pick([sample[0], ...right].filter((value) => value !== "redis-check")),
    };
  }

  #keys(): readonly KeyName[] {
    if (this.vocabulary === "route") return VOCABULARIES.route;
    return this.#isRare() ? SHAPE_KEYS : OTHER_KEYS;
  }

  /** Whether what people seldom change is changed now. */
  #isRare(): boolean {
    return this.vocabulary === "route" || this.#random() * SHAPE_IN < 1;
  }

  /** Where the whole vocabulary is played, more of the changes are of keys. */
  get #weightsUntil(): number {
    return this.vocabulary === "whole" ? 0.9 : 0.97;
  }

  #restart(container: Container): string {
    container.isRunning = !container.isRunning;
    container.isStopping = false;
    if (!container.isRunning) return `${container.id} dies`;
    container.starts++;
    container.isReady = this.#random() < 0.5;
    if (this.#random() < 0.4 && container.via !== "ipv6") container.address = this.#address();
    return `${container.id} starts at ${container.address}`;
  }

  #create(): string {
    const born = ++this.#born;
    const dice = this.#random();
    let data: Record<string, unknown> | Record<string, unknown>[] = {};
    if (dice < 0.12) data["alias_domains"] = [this.#pick(ALIASES)];
    else if (dice < 0.3 && !this.#isRare()) data["hostname"] = this.#pick([...HOSTS, ...WILDCARDS]);
    else if (dice < 0.2) data["balance_algorithm"] = this.#pick(BALANCES);
    else if (dice < 0.25) data["check_interval"] = 2_000;
    else if (dice < 0.3) data["hostname"] = this.#pick(WILDCARDS);
    else if (dice < 0.35) data["weight"] = 1 + Math.floor(this.#random() * 256);
    else if (dice < 0.4 && this.#isRare()) data["backend_options"] = [this.#pick(OPTIONS)];
    else if (dice < 0.45) data["ssl_only"] = true;
    else if (dice < 0.5 && this.#isRare()) data["ssl_backend"] = true;
    else if (dice < 0.55) {
      data = [{ weight: 3 }, { hostname: this.#pick(HOSTS), alias_domains: [this.#pick(ALIASES)] }];
    }
    if (!Array.isArray(data) && this.#random() < 0.4) data = this.#sayOfRoute(data);
    const labels: Record<string, string> = dice > 0.9
      ? { "interlock.context_root": "/app" }
      : dice > 0.85
      ? { "interlock.context_root": "/app", "interlock.context_root_rewrite": "" }
      : {};
    const via = dice < 0.6
      ? this.#pick(["own", "published", this.#isIpv6Used ? "own" : "ipv6"] as const)
      : "own";
    this.#isIpv6Used ||= via === "ipv6";
    const id = `c${born}`;
    const host = this.pickHost();
    const isReady = this.#random() < 0.7;
    const address = via === "ipv6" ? "fd00::2" : this.#address();
    const started = { address, starts: 1, isRunning: true, isReady, isStopping: false };
    this.#containers.push({ id, name: id, age: born, host, data, labels, via, ...started });
    return `${id} (${via}) is created for ${host} with ${JSON.stringify([data, labels])}`;
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

/** What Docker says of its addresses and ports. */
function networkOf({ via, isRunning, address }: Container): unknown {
  const given = isRunning ? address : "";
  switch (via) {
    case "own":
      return { Networks: { bridge: { IPAddress: given } } };
    case "ipv6":
      return { Networks: { bridge: { IPAddress: "", GlobalIPv6Address: given } } };
    case "published":
      return {
        Ports: isRunning ? { "80/tcp": [{ HostIp: address, HostPort: "80" }] } : {},
        Networks: { bridge: { IPAddress: "" } },
      };
  }
}
