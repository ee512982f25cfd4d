import type { OwnPlace } from "../../core/snapshot/swarm.ts";
import { parseNetwork } from "../../core/values/network.ts";
import type { IpAddress } from "../../core/values/names.ts";
import { formatNetwork } from "../../core/values/network.ts";
import type { Clock } from "../../ports.ts";
import { connectEngine } from "../api/connect.ts";
import { decodeTask } from "../api/decode_swarm.ts";
import type { EngineTransport } from "../api/modem.ts";
import {
  decodeRole,
  networksOf,
  type OwnInterface,
  readAnswers,
  readBridge,
  type SwarmAnswers,
} from "../api/read_swarm.ts";
import type { SwarmJson } from "./swarm_file.ts";

/** Gathers what the managers among several engines say, and where it is seen from: each Swarm once. */
export class SwarmGathering {
  readonly #clusters = new Map<string, SwarmAnswers>();
  readonly #nodeIds = new Set<string>();
  readonly #bridge = new Map<string, IpAddress>();

  constructor(readonly clock: Clock, readonly interfaces: readonly OwnInterface[]) {}

  /** Asks one engine; throws where it does not answer, or where it manages a Swarm that none leads. */
  async ask(transport: EngineTransport, isLocal: boolean, signal: AbortSignal): Promise<void> {
    const engine = await connectEngine(transport, this.clock, signal);
    try {
      const { nodeId, cluster } = decodeRole(await engine.info(signal));
      if (nodeId === undefined) return;
      if (isLocal) {
        this.#nodeIds.add(nodeId);
        for (const [id, ip] of await readBridge(engine, this.interfaces, signal)) this.#bridge.set(id, ip);
      }
      if (cluster === undefined || this.#clusters.has(cluster)) return;
      this.#clusters.set(cluster, await readAnswers(engine, signal));
    } finally {
      engine.close();
    }
  }

  /** What was gathered; `undefined` where no engine is in a Swarm. */
  get found(): SwarmJson | undefined {
    if (this.#clusters.size === 0 && this.#nodeIds.size === 0) return undefined;
    const all = [...this.#clusters.values()];
    const tasks = all.flatMap((answers) => answers.tasks);
    const place: OwnPlace = {
      nodeIds: this.#nodeIds,
      networks: this.#networksOf(tasks),
      bridge: this.#bridge,
    };
    return {
      services: all.flatMap((answers) => answers.services),
      tasks,
      nodes: all.flatMap((answers) => answers.nodes),
      place,
    };
  }

  /** Of the networks that this machine is on, those that tasks are on too: the others are nobody's business. */
  #networksOf(tasks: readonly unknown[]): OwnPlace["networks"] {
    const theirs = new Set(
      tasks.flatMap((json) => decodeTask(json)?.networks ?? []).flatMap(({ addresses }) =>
        addresses.map(({ network }) => formatNetwork(network))
      ),
    );
    const own = new Set(networksOf(this.interfaces).map(formatNetwork).filter((each) => theirs.has(each)));
    return [...own].flatMap((text) => {
      const network = parseNetwork(text);
      return network.ok ? [network.value] : [];
    });
  }
}
