import type { HealthCheck } from "../core/keys/health_check.ts";
import type { Backend, Model, Server } from "../core/model/model.ts";
import { isDnsName, type ServerName } from "../core/values/names.ts";
import type { Notice } from "../core/values/notice.ts";
import { currentName } from "../core/values/section_names.ts";
import type { ReportedServer } from "../core/state/survey.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import { type At, type InUse, isAt } from "../core/model/ways.ts";
import {
  type Clock,
  type Prober,
  type ProbeTarget,
  type ProbeWay,
  READY_LIMIT_MS,
  type Reporter,
} from "../ports.ts";
import { GATES, type Proof, whyUnproven, whyWithAdvice } from "./proof.ts";
import { asksOf, homeTarget, identityOf, targetOf } from "./probe_target.ts";

type Entry = {
  /** The server in the last model: the same object as long as nothing about it changes. */
  server: Server;
  readonly identity: string;
  /** The check of its backend, and the HTTP requests of the probe that follow from it. */
  check: HealthCheck | undefined;
  readonly asks: string;
  proof: Proof;
  /** That it is ready was told, or it was so before. */
  isTold: boolean;
  /** Another way by which its container answered. The next model uses it. */
  found: At | undefined;
  /** The probe of better ways than the one in use, and what ends it. */
  home: { readonly asks: string; readonly stop: AbortController } | undefined;
  readonly stop: AbortController;
};

/** How long a container may be without traffic before signalbox tells why, in milliseconds. */
const SILENT_MS = 1_000;

/** Which servers may have traffic: those whose container answered a probe, unless its engine holds it back. */
export class Readiness {
  readonly #entries = new Map<ServerName, Entry>();
  /** The addresses at which servers have answered. */
  readonly #inUse = new Map<ServerName, At>();
  /** Servers that had traffic before this signalbox started, and their addresses. At another address they are probed. */
  #known: ReadonlyMap<ServerName, At> = new Map();
  /** For each server that the last update began to probe: its success, and its first result, good or bad. */
  #fresh: { readonly proof: Promise<void>; readonly answer: Promise<void> }[] = [];
  /** A pass waits for results and reads them itself: no wake is needed. */
  #isAwaited = false;
  /** Hears of each server that may have traffic for the first time, but for those that had it before. */
  onReady: ((server: ServerName) => void) | undefined;

  constructor(readonly prober: Prober, readonly report: Reporter, readonly onChange: () => void) {}

  /** Takes the servers for proven that have traffic by HAProxy's report, under the names that they have today. */
  know(reported: readonly ReportedServer[]): void {
    const serving = reported.filter((server) => server.isReady && server.isUp);
    this.#known = new Map(serving.map((server) => [currentName(server.name), server]));
  }

  /** Forgets what `know` was told: each of those servers is in the model by now, or is gone. */
  forgetKnown(): void {
    this.#known = new Map();
  }

  /** The state of each server of the model. Starts to probe new servers, and forgets those that are gone. */
  update(model: Model): Map<ServerName, ServerState> {
    const states = new Map<ServerName, ServerState>();
    this.#fresh = [];
    for (const backend of model.backends) {
      let leaving = 0;
      let isServed = false;
      for (const server of backend.servers) {
        const entry = this.#entryOf(backend, server);
        const isReady = entry.proof.kind === "proven" && server.gate === "open";
        if (isReady && !entry.isTold) this.#tellReady(entry);
        isServed ||= isReady;
        if (server.gate === "leaving") leaving++;
        states.set(server.name, isReady ? "ready" : "maint");
      }
      if (leaving > 0 && !isServed) this.#keepLast(backend, states);
    }
    for (const [key, entry] of this.#entries) {
      if (states.has(key)) continue;
      end(entry);
      this.#entries.delete(key);
      this.#inUse.delete(key);
    }
    return states;
  }

  /** Until another one of its backend serves, a task that is to end serves on. */
  #keepLast({ servers }: Backend, states: Map<ServerName, ServerState>): void {
    for (const { name, gate } of servers) {
      const isProven = this.#entries.get(name)?.proof.kind === "proven";
      if (gate === "leaving" && isProven) states.set(name, "ready");
    }
  }

  /** The addresses at which servers have answered: this signalbox, or HAProxy before it started. */
  get inUse(): InUse {
    return this.#known.size === 0 ? this.#inUse : new Map([...this.#known, ...this.#inUse]);
  }

  /** How many servers the last update began to probe. */
  get probing(): number {
    return this.#fresh.length;
  }

  /**
   * Resolves when every server that the last update began to probe has answered, or for `answer` has failed once, or after
   * the milliseconds. Results until then cause no wake: the caller updates again.
   */
  async settled(what: "proof" | "answer", limitMs: number, clock: Clock): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let cancel = clock.after(limitMs, () => {
      // Answers may have come while signalbox was busy, and were not looked at yet.
      cancel = clock.after(0, resolve);
    });
    this.#isAwaited = true;
    void Promise.all(this.#fresh.map((each) => each[what])).then(() => resolve());
    await promise;
    this.#isAwaited = false;
    cancel();
  }

  /** Why servers have no traffic yet, by server name. */
  waiting(model: Model | undefined): ReadonlyMap<ServerName, string> {
    const reasons = new Map<ServerName, string>();
    for (const server of model?.backends.flatMap((backend) => backend.servers) ?? []) {
      const entry = this.#entries.get(server.name);
      const why = server.gate === "open" || server.gate === "leaving"
        ? whyUnproven(entry?.proof)
        : GATES[server.gate];
      if (why !== undefined) reasons.set(server.name, why);
    }
    return reasons;
  }

  /** What the user should know of servers whose container has not answered within the limit. */
  notices(model: Model): Notice[] {
    const late = [...this.#entries.values()].flatMap(({ server, check, proof }) =>
      proof.kind === "late" && server.gate === "open" ? [{ server, check, whyLate: proof.whyLate }] : []
    );
    if (late.length === 0) return [];
    const hosts = new Map(
      model.backends.flatMap(({ host, servers }) => servers.map(({ name }) => [name, host])),
    );
    return late.map(({ server, whyLate, check }) => ({
      severity: "warning",
      code: "no-answer",
      subject: server.containerName,
      message: `gets no traffic for ${hosts.get(server.name)}: ${
        server.options.warm
          ? `it did not warm up within ${
            READY_LIMIT_MS / 1_000
          } s (${whyLate}), expected an HTTP answer to GET /`
          : `it was not ready within ${READY_LIMIT_MS / 1_000} s (${
            whyWithAdvice(whyLate, check)
          }), expected it to accept connections, and its check to succeed`
      }; still probing`,
    }));
  }

  /** Ends all probes. */
  stop(): void {
    for (const entry of this.#entries.values()) end(entry);
    this.#entries.clear();
  }

  #entryOf(backend: Backend, server: Server): Entry {
    const before = this.#entries.get(server.name);
    const isProven = before?.proof.kind === "proven";
    if (before?.server === server && (isProven || before.check === backend.shape.check)) return before;
    const target = targetOf(backend, server);
    const identity = identityOf(target, server);
    // A start whose time is still unknown is the start that the next inspect tells of, unless another start is under way.
    const isAnother = server.gate === "created" && before !== undefined && before.proof.kind !== "held";
    // A probe that goes on asks what the backend's check asks by now.
    const isSame = before?.identity === identity && !isAnother &&
      (isProven || before.asks === asksOf(target)) &&
      (before.server.incarnation === server.incarnation || before.server.incarnation === "");
    if (!isSame && before !== undefined) end(before);
    // Traffic before this signalbox proves the start that it was seen in. An answer by another way proves that way.
    const isFound = before?.found !== undefined && isAt(before.found, server) &&
      before.server.incarnation === server.incarnation;
    const entry = isSame
      ? before
      : newEntry(server, target, isFound || (before === undefined && this.#isKnown(server)));
    entry.server = server;
    entry.check = backend.shape.check;
    this.#entries.set(server.name, entry);
    if (entry.proof.kind === "proven") this.#noteProof(backend, entry);
    if (entry.proof.kind === "held" && server.gate !== "created") {
      entry.proof = { kind: "probing", lastFailure: undefined };
      this.#probe(backend, target, server, entry);
    }
    return entry;
  }

  /** HAProxy alone finds out where a server is that has a name: its check tells whether it lives. */
  #isKnown(server: Server): boolean {
    if (isDnsName(server.address)) return true;
    const before = this.#known.get(server.name);
    return before !== undefined && isAt(before, server);
  }

  #probe(backend: Backend, target: ProbeTarget, server: Server, entry: Entry): void {
    const { promise: answer, resolve } = Promise.withResolvers<void>();
    let isTold = false;
    const onFailure = (why: string, probedMs: number) => {
      resolve();
      const { proof } = entry;
      if (proof.kind === "late") entry.proof = { ...proof, lastFailure: why };
      else if (proof.kind === "probing") {
        const isLate = probedMs >= READY_LIMIT_MS;
        entry.proof = isLate
          ? { kind: "late", lastFailure: why, whyLate: why }
          : { kind: "probing", lastFailure: why };
        if (isLate) this.onChange();
      }
      if (probedMs < SILENT_MS || isTold) return;
      isTold = true;
      const { containerName: container, name } = server;
      this.report.tell({ kind: "no-traffic", container, server: name, why });
    };
    const proof = this.prober.prove(target, onFailure, entry.stop.signal).then((found) => {
      if (entry.stop.signal.aborted) return;
      if (found) return this.#turnTo(found, entry);
      entry.proof = { kind: "proven" };
      if (entry.server.gate === "open") this.#tellReady(entry);
      this.#noteProof(backend, entry);
      if (!this.#isAwaited) this.onChange();
    }, () => undefined).finally(resolve);
    this.#fresh.push({ proof, answer });
  }

  #tellReady(entry: Entry): void {
    entry.isTold = true;
    this.onReady?.(entry.server.name);
  }

  /** An address that answered stays in use while the container has it; a published port only until a better way answers. */
  #noteProof(backend: Backend, entry: Entry): void {
    const { server } = entry;
    if (entry.found === undefined || isAt(entry.found, server)) {
      this.#inUse.set(server.name, { address: server.address, port: server.port });
    }
    const target = homeTarget(backend, server);
    const asks = target && JSON.stringify(target);
    if (entry.home?.asks === asks) return;
    entry.home?.stop.abort();
    entry.home = undefined;
    if (target === undefined || asks === undefined) return;
    const stop = new AbortController();
    entry.home = { asks, stop };
    void this.prober.prove(target, () => undefined, stop.signal).then((found) => {
      if (!stop.signal.aborted) this.#turnTo(found ?? target, entry);
    }, () => undefined);
  }

  /** The container answers by another way: wakes the loop, so that the next model uses it. */
  #turnTo({ hostname: address, port }: ProbeWay, entry: Entry): void {
    entry.found = { address, port };
    this.#inUse.set(entry.server.name, entry.found);
    this.onChange();
  }
}

function end(entry: Entry): void {
  entry.stop.abort();
  entry.home?.stop.abort();
}

function newEntry(server: Server, target: ProbeTarget, isKnown: boolean): Entry {
  return {
    server,
    identity: identityOf(target, server),
    check: undefined,
    asks: asksOf(target),
    proof: { kind: isKnown ? "proven" : "held" },
    isTold: isKnown,
    found: undefined,
    home: undefined,
    stop: new AbortController(),
  };
}
