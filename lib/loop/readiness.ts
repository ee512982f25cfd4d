import type { HealthCheck } from "../core/keys/health_check.ts";
import type { Backend, Model, Server } from "../core/model/model.ts";
import { adviceOn } from "../core/keys/health_check.ts";
import type { ServerName } from "../core/values/names.ts";
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
import { asksOf, homeTarget, identityOf, targetOf } from "./probe_target.ts";

/** What is known of whether a container answers. */
type Proof =
  /** It is only being started: there is nobody to probe yet. */
  | { readonly kind: "held" }
  | { readonly kind: "probing"; readonly lastFailure: string | undefined }
  /** It did not answer within the limit; `whyLate` is the last failure by then. */
  | { readonly kind: "late"; readonly lastFailure: string; readonly whyLate: string }
  | { readonly kind: "proven" };

type Entry = {
  /** The object that it was last seen as: the same one as long as nothing about it changes. */
  server: Server;
  readonly identity: string;
  /** The check of its backend, and what it is asked over HTTP for it. */
  check: HealthCheck | undefined;
  readonly asks: string;
  proof: Proof;
  /** Another way by which its container answered, which the next model takes. */
  found: At | undefined;
  /** What it is asked to find out whether a better way leads to it again, and what ends that. */
  home: { readonly asks: string; readonly stop: AbortController } | undefined;
  readonly stop: AbortController;
};

/** How long a container may wait before it is said why, in milliseconds. */
const SILENT_MS = 1_000;

/** Which servers may have traffic: those whose container answered, and whose engine has nothing against it. */
export class Readiness {
  readonly #entries = new Map<ServerName, Entry>();
  /** Where servers have answered: what has one way today may have another tomorrow. */
  readonly #inUse = new Map<ServerName, At>();
  /** Servers that had traffic before this signalbox began, and where; another address is another matter. */
  #known: ReadonlyMap<ServerName, At> = new Map();
  /** Of each server that the last update began to ask: its proof, and its first answer, good or bad. */
  #fresh: { readonly proof: Promise<void>; readonly answer: Promise<void> }[] = [];
  /** A pass waits for what comes in, and looks at it by itself. */
  #isAwaited = false;

  constructor(readonly prober: Prober, readonly report: Reporter, readonly onChange: () => void) {}

  /** Takes the servers that have traffic, of those that HAProxy reports, for proven, by the names that they have today. */
  know(reported: readonly ReportedServer[]): void {
    const serving = reported.filter((server) => server.isReady && server.isUp);
    this.#known = new Map(serving.map((server) => [currentName(server.name), server]));
  }

  /** Each of them is in the model by now, or is gone. */
  forgetKnown(): void {
    this.#known = new Map();
  }

  /** The state of each server of the model; starts to probe those that are new, and forgets those that are gone. */
  update(model: Model): Map<ServerName, ServerState> {
    const states = new Map<ServerName, ServerState>();
    this.#fresh = [];
    for (const backend of model.backends) {
      for (const server of backend.servers) {
        const entry = this.#entryOf(backend, server);
        states.set(server.name, entry.proof.kind === "proven" && server.gate === "open" ? "ready" : "maint");
      }
    }
    for (const [key, entry] of this.#entries) {
      if (states.has(key)) continue;
      end(entry);
      this.#entries.delete(key);
      this.#inUse.delete(key);
    }
    return states;
  }

  /** Where servers are reached, as it was proven: now, or before this signalbox began. */
  get inUse(): InUse {
    return this.#known.size === 0 ? this.#inUse : new Map([...this.#known, ...this.#inUse]);
  }

  /** Whether servers are being asked for the first time: by the last update. */
  get isAsking(): boolean {
    return this.#fresh.length > 0;
  }

  /**
   * Resolves when every server that the last update began to ask has given its proof or its first answer, or after the
   * milliseconds; of what comes until then, whoever waits learns by the next update, and nobody else is told.
   */
  async settled(what: "proof" | "answer", limitMs: number, clock: Clock): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(limitMs, resolve);
    this.#isAwaited = true;
    void Promise.all(this.#fresh.map((each) => each[what])).then(() => resolve());
    await promise;
    this.#isAwaited = false;
    cancel();
  }

  /** Why servers have no traffic yet, by name. */
  waiting(model: Model | undefined): ReadonlyMap<ServerName, string> {
    const reasons = new Map<ServerName, string>();
    for (const server of model?.backends.flatMap((backend) => backend.servers) ?? []) {
      const entry = this.#entries.get(server.name);
      const why = server.gate === "open" ? whyUnproven(entry?.proof) : GATES[server.gate];
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
    // A start whose time was not read yet is the one that is read next, unless another one is under way.
    const isAnother = server.gate === "created" && before !== undefined && before.proof.kind !== "held";
    // One that is still asked is asked what its backend's check asks by now.
    const isSame = before?.identity === identity && !isAnother &&
      (isProven || before.asks === asksOf(target)) &&
      (before.server.incarnation === server.incarnation || before.server.incarnation === "");
    if (!isSame && before !== undefined) end(before);
    // What was known before this signalbox is known of the start that it was seen in; and what answered by this way was
    // proven by it.
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

  #isKnown(server: Server): boolean {
    const before = this.#known.get(server.name);
    return before !== undefined && isAt(before, server);
  }

  #probe(backend: Backend, target: ProbeTarget, server: Server, entry: Entry): void {
    const { promise: answer, resolve } = Promise.withResolvers<void>();
    let isTold = false;
    const onFailure = (why: string, askedMs: number) => {
      resolve();
      const { proof } = entry;
      if (proof.kind === "late") entry.proof = { ...proof, lastFailure: why };
      else if (proof.kind === "probing") {
        const isLate = askedMs >= READY_LIMIT_MS;
        entry.proof = isLate
          ? { kind: "late", lastFailure: why, whyLate: why }
          : { kind: "probing", lastFailure: why };
        if (isLate) this.onChange();
      }
      if (askedMs < SILENT_MS || isTold) return;
      isTold = true;
      const { containerName: container, name } = server;
      this.report.tell({ kind: "no-traffic", container, server: name, why });
    };
    const proof = this.prober.prove(target, onFailure, entry.stop.signal).then((found) => {
      if (entry.stop.signal.aborted) return;
      if (found) return this.#turnTo(found, entry);
      entry.proof = { kind: "proven" };
      this.#noteProof(backend, entry);
      if (!this.#isAwaited) this.onChange();
    }, () => undefined).finally(resolve);
    this.#fresh.push({ proof, answer });
  }

  /** What answers stays in use while the container has it; a published port only until a better way leads there again. */
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

  /** The container answers by another way: the next model has it. */
  #turnTo({ hostname: address, port }: ProbeWay, entry: Entry): void {
    entry.found = { address, port };
    this.#inUse.set(entry.server.name, entry.found);
    this.onChange();
  }
}

/** Many servers refuse a request that names no host. */
function whyWithAdvice(why: string | undefined, check: HealthCheck | undefined): string | undefined {
  const advice = check && / answers 4\d\d$/.test(why ?? "") ? adviceOn(check) : undefined;
  return advice === undefined ? why : `${why}: ${advice}`;
}

function end(entry: Entry): void {
  entry.stop.abort();
  entry.home?.stop.abort();
}

function whyUnproven(proof: Proof | undefined): string | undefined {
  if (proof === undefined) return "not asked yet";
  if (proof.kind === "proven") return undefined;
  return (proof.kind === "held" ? undefined : proof.lastFailure) ?? "it has not answered yet";
}

function newEntry(server: Server, target: ProbeTarget, isKnown: boolean): Entry {
  return {
    server,
    identity: identityOf(target, server),
    check: undefined,
    asks: asksOf(target),
    proof: { kind: isKnown ? "proven" : "held" },
    found: undefined,
    home: undefined,
    stop: new AbortController(),
  };
}

const GATES = {
  created: "it is being started",
  starting: "its health check is still starting",
  unhealthy: "its engine says that it is unhealthy",
  stopping: "it was told to stop, or may have moved",
} as const;
