import { type CertificateFile, listLine } from "../certificates/choose.ts";
import type { ServerName } from "../values/names.ts";
import { HOSTS_MAP, type Table, type Tables } from "../values/table.ts";
import type { TcpPart } from "../config/tcp_part.ts";
import type { Desired, Files } from "../config/render.ts";
import type { Operation, SectionName, ServerState } from "../runtime/operation.ts";

/** A server as HAProxy has it. */
export type RunningServer = {
  readonly line: string;
  readonly state: ServerState;
  readonly isLeaving: boolean;
};

/** A backend section as HAProxy has it; `shape` is everything that no command can change. */
export type RunningSection = {
  readonly shape: string;
  readonly isSpare: boolean;
  readonly isDynamic: boolean;
  /** Routes may lead to it; an unpublished backend waits for its deletion. */
  readonly isPublished: boolean;
  readonly servers: ReadonlyMap<ServerName, RunningServer>;
};

/** What HAProxy has now: its files as they were loaded, and every command since. */
export type Running = {
  /** The files on disk. */
  readonly files: Files;
  /** The text of the config beside its backends, as it was loaded. */
  readonly fixed: string;
  /** Its listeners for TCP, as they were loaded; some may have no route any more. */
  readonly tcp: TcpPart;
  /** Whom it asks for servers that have names; still there when no route has one any more. */
  readonly resolvers: string;
  /** The `defaults` sections that new backends of a shape are made from. */
  readonly defaults: ReadonlyMap<string, string>;
  readonly sections: ReadonlyMap<SectionName, RunningSection>;
  /** Its tables. In hosts.map, a value names the section that a route leads to now: a spare, maybe. */
  readonly tables: Tables;
  /** Backends that are served by a spare, until the next reload gives them a section of their own. */
  readonly bindings: ReadonlyMap<string, SectionName>;
  /** Its certificates, by their files. */
  readonly certificates: RunningCertificates;
};

/** A certificate as HAProxy has it. */
export type RunningCertificate = {
  /** SHA-256 of its PEM; empty where that is not known. */
  readonly content: string;
  /** SHA-1 of the certificate, as HAProxy shows it. */
  readonly fingerprint: string;
  /** Its line of certs.list; empty for what other lines name. */
  readonly line: string;
};

/** Which certificates HAProxy has, by their files. */
export type RunningCertificates = ReadonlyMap<CertificateFile, RunningCertificate>;

/** The certificates that HAProxy has after a load. */
export const loadedCertificates = ({ certificates }: Desired): RunningCertificates => {
  const { rows = [], named = [] } = certificates ?? {};
  return new Map([
    ...rows.map((row) => {
      const { content = "", fingerprint = "" } = row.certificate ?? {};
      return [row.file, { content, fingerprint, line: listLine(row) }] as const;
    }),
    ...named.map(({ file, content, fingerprint }) => [file, { content, fingerprint, line: "" }] as const),
  ]);
};

/** What HAProxy has after a load, with servers in the given states. */
export function runningAfterLoad(desired: Desired, states: ReadonlyMap<ServerName, ServerState>): Running {
  const sections = new Map<SectionName, RunningSection>();
  for (const [name, section] of desired.sections) {
    const servers = section.servers.map(({ name, line }) =>
      [name, { line, state: loadedState(states.get(name)), isLeaving: false }] as const
    );
    sections.set(name, { ...section, isPublished: true, servers: new Map(servers) });
  }
  const { files, fixed, tcp, resolvers, defaults, tables } = desired;
  return {
    files,
    fixed,
    tcp,
    resolvers,
    defaults,
    sections,
    tables,
    bindings: new Map(),
    certificates: loadedCertificates(desired),
  };
}

/** A server begins ready or held: what drains is held, by the file of states too (state_file.ts). */
const loadedState = (state: ServerState = "ready"): ServerState => state === "ready" ? "ready" : "maint";

/** The sections that the routes lead to, by key. */
export function routesOf({ tables }: Pick<Running, "tables">): Table {
  return tables.get(HOSTS_MAP) ?? new Map();
}

/** Whether the operations only repeat deletes of servers and backends that still wait for their last connections. */
export function isOnlyWaiting(operations: readonly Operation[], running: Running | undefined): boolean {
  return operations.every((operation) => {
    const section = "section" in operation ? running?.sections.get(operation.section) : undefined;
    if (operation.kind === "delete-server") return section?.servers.get(operation.server)?.isLeaving === true;
    if (operation.kind === "delete-named") return true;
    return operation.kind === "delete-backend" && section?.isPublished === false;
  });
}

/** How many servers and backends wait for their last connections before they are deleted. */
export function countLeaving(running: Running | undefined): number {
  let count = 0;
  if (running === undefined) return count;
  for (const section of running.sections.values()) {
    if (!section.isPublished) count++;
    for (const server of section.servers.values()) if (server.isLeaving) count++;
  }
  return count;
}
