import type { CertificateFile } from "../core/certificates/choose.ts";
import type { NamedFile } from "../core/certificates/named_file.ts";
import type { Desired, Files } from "../core/config/render.ts";
import type { Operation, SectionName, ServerState } from "../core/runtime/operation.ts";
import {
  type Running,
  runningAfterLoad,
  type RunningCertificate,
  type RunningSection,
  type RunningServer,
} from "../core/state/running.ts";
import type { Drift } from "../core/state/survey.ts";
import type { ReloadReason } from "../core/plan/reload_reason.ts";
import { targetOf } from "../core/runtime/route_value.ts";
import type { ServerName } from "../core/values/names.ts";
import { HOSTS_MAP, type TableKey, type TableName, type TableValue } from "../core/values/table.ts";

/** A section with its servers in a map of our own. */
type OwnSection = Omit<RunningSection, "servers"> & { readonly servers: Map<ServerName, RunningServer> };

/** What HAProxy has, in maps of our own. */
type Own = Pick<Running, "fixed" | "tcp" | "resolvers" | "defaults"> & {
  files: Files;
  readonly sections: Map<SectionName, OwnSection>;
  readonly tables: Map<TableName, Map<TableKey, TableValue>>;
  readonly bindings: Map<string, SectionName>;
  readonly certificates: Map<CertificateFile, RunningCertificate>;
};

/** What HAProxy has, as far as signalbox knows, and the only writer of it: each part that sends something to HAProxy tells it. */
export class Believed {
  #own: Own | undefined;
  #version = 0;
  /** One for each batch that HAProxy has not answered yet. */
  readonly #unanswered = new Set<Promise<void>>();
  #whyUnknown: ReloadReason = { kind: "first-load" };
  #hasConfig = false;

  /** What HAProxy has; `undefined` where that is not known. */
  get running(): Running | undefined {
    return this.#own;
  }

  /** Why HAProxy needs a load, where what it has is unknown. */
  get whyUnknown(): ReloadReason {
    return this.#whyUnknown;
  }

  /** Whether HAProxy has had a config that this signalbox made, or knew. */
  get hasConfig(): boolean {
    return this.#hasConfig;
  }

  /** A number that changes with each command, load and drift; files that are only saved do not change it. */
  get version(): number {
    return this.#version;
  }

  /** Whether nothing was sent to HAProxy since that version, and everything before it is answered. */
  isUnchangedSince(version: number): boolean {
    return this.#unanswered.size === 0 && version === this.#version;
  }

  /**
   * Resolves when HAProxy has answered all that it was told outside of passes until now. Each batch has a connection of its own:
   * until then HAProxy may do what is sent later before it, as the delete of a server that it has not yet taken out.
   */
  async answered(): Promise<void> {
    await Promise.all(this.#unanswered);
  }

  /** HAProxy did an operation; `isDone` is false where a server or backend still has connections and stays. */
  did(operation: Operation, isDone: boolean): void {
    this.#version++;
    if (this.#own !== undefined) note(this.#own, operation, isDone);
  }

  /**
   * Operations are being sent to HAProxy outside of any pass. The promise is its answer: until then, a report of HAProxy
   * may be from before them or after them.
   */
  telling(operations: readonly Operation[], answer: Promise<unknown>): void {
    for (const operation of operations) this.did(operation, true);
    this.#version++;
    const end = () => {
      this.#version++;
      this.#unanswered.delete(answered);
    };
    const answered: Promise<void> = answer.then(end, end);
    this.#unanswered.add(answered);
  }

  /** Routes were led to spares or away from them: notes which backend each spare serves now. */
  bound(desired: Desired, operations: readonly Operation[]): void {
    if (this.#own !== undefined) bind(this.#own.bindings, desired, operations);
  }

  /** HAProxy has loaded the files, with servers in their first states. */
  loaded(desired: Desired, states: ReadonlyMap<ServerName, ServerState>): void {
    this.adopted(runningAfterLoad(desired, states));
  }

  /** HAProxy was found to have this. */
  adopted(running: Running): void {
    this.#version++;
    this.#hasConfig = true;
    const { bindings, ...others } = running;
    const tables = new Map([...running.tables].map(([name, rows]) => [name, new Map(rows)] as const));
    const sections = new Map<SectionName, OwnSection>();
    for (const [name, section] of running.sections) {
      sections.set(name, { ...section, servers: new Map(section.servers) });
    }
    const certificates = new Map(running.certificates);
    this.#own = { ...others, sections, tables, bindings: new Map(bindings), certificates };
  }

  /** signalbox could not find out beyond doubt what HAProxy has. */
  unclear(why: ReloadReason): void {
    this.#whyUnknown = why;
  }

  /** What HAProxy has is unknown. */
  lost(): void {
    this.#version++;
    this.#own = undefined;
  }

  /** The files on the disk are these, and HAProxy has not loaded them. */
  saved(files: Files): void {
    if (this.#own !== undefined) this.#own.files = files;
  }

  /** Somebody else changed HAProxy. */
  drifted({ servers, rows, certificates }: Drift): void {
    this.#version++;
    for (const [file, certificate] of certificates) {
      if (certificate === undefined) this.#own?.certificates.delete(file);
      else this.#own?.certificates.set(file, certificate);
    }
    for (const { section, name, server } of servers) {
      this.#own?.sections.get(section)?.servers.set(name, server);
    }
    for (const [table, changed] of rows) {
      const own = this.#own?.tables.get(table);
      for (const [key, value] of changed) {
        if (value === undefined) own?.delete(key);
        else own?.set(key, value);
      }
    }
  }
}

function note(own: Own, operation: Operation, isDone: boolean): void {
  const section = "section" in operation ? own.sections.get(operation.section) : undefined;
  switch (operation.kind) {
    case "add-backend": {
      const shape = [...own.defaults].find(([, name]) => name === operation.defaults)?.[0] ?? "";
      const made = { shape, isSpare: false, isDynamic: true, isPublished: false, servers: new Map() };
      own.sections.set(operation.section, made);
      break;
    }
    case "publish-backend":
    case "unpublish-backend":
      if (section !== undefined) {
        const isPublished = operation.kind === "publish-backend";
        own.sections.set(operation.section, { ...section, isPublished });
      }
      break;
    case "delete-backend":
      if (isDone) own.sections.delete(operation.section);
      break;
    case "renew-cookies":
      break;
    case "add-server":
      section?.servers.set(operation.server, { line: operation.line, state: "maint", isLeaving: false });
      break;
    case "set-state": {
      const server = section?.servers.get(operation.server);
      if (server !== undefined) {
        section?.servers.set(operation.server, { ...server, state: operation.state, isLeaving: false });
      }
      break;
    }
    case "set-weight": {
      const server = section?.servers.get(operation.server);
      if (server !== undefined) section?.servers.set(operation.server, { ...server, line: operation.line });
      break;
    }
    case "delete-server": {
      const server = section?.servers.get(operation.server);
      if (isDone) section?.servers.delete(operation.server);
      else if (server !== undefined) section?.servers.set(operation.server, { ...server, isLeaving: true });
      break;
    }
    case "add-row":
    case "set-row":
      own.tables.get(operation.table)?.set(operation.key, operation.value);
      break;
    case "delete-row":
      own.tables.get(operation.table)?.delete(operation.key);
      break;
    case "add-certificate":
    case "set-certificate": {
      const { file, certificate: { content, fingerprint } } = operation;
      const line = operation.kind === "add-certificate" ? operation.line : own.certificates.get(file)?.line;
      own.certificates.set(file, { content, fingerprint, line: line ?? file });
      break;
    }
    case "add-named":
    case "set-named":
      own.certificates.set(operation.file, withoutPem(operation.named));
      break;
    case "delete-certificate":
    case "delete-named":
      if (isDone) own.certificates.delete(operation.file);
      break;
    case "swap-table":
      own.tables.set(operation.table, new Map(operation.rows));
      break;
  }
}

const withoutPem = ({ content, fingerprint }: NamedFile): RunningCertificate => ({
  content,
  fingerprint,
  line: "",
});

function bind(bindings: Map<string, SectionName>, desired: Desired, operations: readonly Operation[]): void {
  const routes = desired.tables.get(HOSTS_MAP);
  for (const [key, value] of operations.flatMap(routesLed)) {
    const wanted = routes?.get(key);
    if (wanted === undefined) continue;
    const [backend, section] = [targetOf(wanted), targetOf(value)];
    if (section === backend) bindings.delete(backend);
    else bindings.set(backend, section);
  }
  if (bindings.size === 0) return;
  const wanted = new Set([...routes?.values() ?? []].map(targetOf));
  for (const backend of bindings.keys()) if (!wanted.has(backend)) bindings.delete(backend);
}

/** The rows of hosts.map that an operation brings. */
function routesLed(operation: Operation): readonly (readonly [TableKey, TableValue])[] {
  if (!("table" in operation) || operation.table !== HOSTS_MAP) return [];
  if (operation.kind === "swap-table") return [...operation.rows];
  return operation.kind === "delete-row" ? [] : [[operation.key, operation.value]];
}
