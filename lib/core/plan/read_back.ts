import { leadsInside } from "../values/listen.ts";
import { isDynamic } from "../keys/balance.ts";
import type { ServerName } from "../values/names.ts";
import type { Capabilities } from "./capabilities.ts";
import { parseConfig, type ParsedConfig } from "./parse_config.ts";
import { type ReloadReason, reloadReasonText, settingsReason } from "./reload_reason.ts";
import type { CertificateFile } from "../certificates/choose.ts";
import { isNamedFile } from "../certificates/named_file.ts";
import type { Desired, Files } from "../config/render.ts";
import {
  routesOf,
  type Running,
  type RunningCertificate,
  type RunningCertificates,
  type RunningSection,
  type RunningServer,
} from "../state/running.ts";
import { targetOf } from "../runtime/route_value.ts";
import type { SectionName } from "../runtime/operation.ts";
import { endpointOf, isSameButWeight, nameOf, weightOf } from "../runtime/server_line.ts";
import { isAt, type ReportedServer, type Survey, toldState, weighedLine } from "../state/survey.ts";
import { HOSTS_MAP, parseTable, type Table, type TableKey, type TableValue } from "../values/table.ts";

/** What there is of a running HAProxy that another signalbox has looked after. */
export type Remains = {
  /** The haproxy.cfg that its worker has loaded. */
  readonly loaded: string;
  /** The files that are current, with what was changed at run time since. */
  readonly current: Files;
  readonly survey: Survey;
  /** The certificates of the current files. */
  readonly certificates: RemainingCertificates;
};

/** Certificates that lie in files, by the names of the files in certs.list. */
export type RemainingCertificates = ReadonlyMap<
  CertificateFile,
  Pick<RunningCertificate, "content" | "fingerprint">
>;

/** What HAProxy is not known to have: it is loaded anew, which costs nothing but time. */
class Unclear extends Error {
  constructor(readonly reason: ReloadReason) {
    super(reloadReasonText(reason));
  }
}

const unclear = (detail: string): Unclear => new Unclear({ kind: "unclear", detail });

/**
 * Finds out what a running HAProxy has, from what it tells and from the files of the signalbox before us; answers with
 * why not, where they do not tell it beyond doubt. Shapes are compared as text, so that a section that this signalbox
 * would write otherwise is not taken for its own.
 */
export function readBack(
  remains: Remains,
  desired: Desired,
  capabilities: Pick<Capabilities, "canAddBackends">,
): Running | ReloadReason {
  try {
    return new Reader(remains, desired, capabilities).read();
  } catch (error) {
    if (error instanceof Unclear) return error.reason;
    throw error;
  }
}

class Reader {
  readonly #loaded: ParsedConfig;
  readonly #current: ParsedConfig;
  /** What this signalbox writes for each section of the same model. */
  readonly #wanted: ParsedConfig;
  /** Sections that every config has, whatever containers there are. */
  readonly #own: ParsedConfig;
  readonly #lines = new Map<ServerName, string>();
  readonly #shapes = new Map<string, string>();
  readonly #wantedLines = new Map<ServerName, string>();

  constructor(
    readonly remains: Remains,
    readonly desired: Desired,
    readonly capabilities: Pick<Capabilities, "canAddBackends">,
  ) {
    this.#loaded = parseConfig(remains.loaded);
    this.#current = parseConfig(remains.current.get("haproxy.cfg") ?? "");
    this.#wanted = parseConfig(desired.files.get("haproxy.cfg") ?? "");
    this.#own = parseConfig(desired.fixed);
    for (const { servers } of this.#current.backends.values()) {
      for (const [name, line] of servers) this.#lines.set(name, line);
    }
    for (const [shape, name] of desired.defaults) this.#note(this.#wanted.defaults.get(name), shape);
    for (const [name, { shape, servers }] of desired.sections) {
      for (const { name, line } of servers) this.#wantedLines.set(name, line);
      this.#note(this.#wanted.backends.get(name)?.body, shape);
    }
  }

  read(): Running {
    this.#compareFixed();
    const tables = this.#readTables();
    const routes = routesOf({ tables });
    const bindings = this.#readBindings(routes);
    const backendOf = new Map([...bindings].map(([backend, section]) => [section, backend]));
    const routed = new Set([...routes.values()].map(targetOf));
    const servers = Map.groupBy(this.remains.survey.servers, (server) => server.section);
    const sections = new Map<SectionName, RunningSection>();
    for (const name of this.remains.survey.sections) {
      if (this.#own.backends.has(name) || leadsInside(name)) continue;
      const isLeft = bindings.has(name);
      const section = this.#readSection(name, backendOf.get(name) ?? name, routed.has(name), isLeft);
      const found = (servers.get(name) ?? []).map((server) =>
        [server.name, this.#readServer(name, server)] as const
      );
      sections.set(name, { ...section, servers: new Map(found) });
    }
    const shapes = new Map([...this.desired.defaults].map(([shape, name]) => [name, shape]));
    const made = [...this.#loaded.defaults].filter(([name]) => !this.#own.defaults.has(name));
    const defaults = made.map(([name, body]) => {
      // Two shapes may have one text: what differs stands with each server.
      const shape = this.#wanted.defaults.get(name) === body ? shapes.get(name) : undefined;
      return [shape ?? this.#shapes.get(body) ?? body, name] as const;
    });
    const { files, fixed } = { files: this.remains.current, fixed: this.desired.fixed };
    const certificates = this.#readCertificates();
    const { tcp, resolvers } = this.#loaded;
    return {
      files,
      fixed,
      tcp,
      resolvers,
      defaults: new Map(defaults),
      sections,
      tables,
      bindings,
      certificates,
    };
  }

  #note(body: string | undefined, shape: string): void {
    if (body !== undefined) this.#shapes.set(body, shape);
  }

  #compareFixed(): void {
    if (this.#loaded.fixed !== this.#own.fixed) {
      throw new Unclear(settingsReason(this.#loaded.fixed, this.#own.fixed));
    }
    // Something was made current, and not loaded before it ended.
    if (this.#current.fixed !== this.#loaded.fixed) throw unclear("the last reload was not finished");
    for (const [name, { body, servers }] of this.#own.backends) {
      const loaded = this.#loaded.backends.get(name);
      const isSame = loaded?.body === body && isEqual(loaded.servers, servers);
      if (!isSame) throw unclear(`backend ${name} differs`);
    }
    for (const [name, body] of this.#own.defaults) {
      if (this.#loaded.defaults.get(name) !== body) throw unclear(`defaults ${name} differ`);
    }
  }

  #readTables(): Running["tables"] {
    return new Map([...this.desired.tables.keys()].map((table) => {
      const reported = this.remains.survey.tables.get(table);
      if (reported === undefined) throw unclear(`${table} cannot be read`);
      const rows = new Map<TableKey, TableValue>();
      for (const { key, value } of reported) {
        if (rows.has(key)) throw unclear(`${table} has ${key} twice`);
        rows.set(key, value);
      }
      return [table, rows] as const;
    }));
  }

  /** HAProxy tells of each whose it is; what is in the files of the same certificate is believed to be all that it has. */
  #readCertificates(): RunningCertificates {
    const { survey: { certificates: { lines, fingerprints } }, certificates } = this.remains;
    const named = [...fingerprints].filter(([file, found]) => isNamedFile(file) && found !== undefined);
    return new Map([...lines, ...named.map(([file]) => [file, ""] as const)].map(([file, line]) => {
      const fingerprint = fingerprints.get(file) ?? "";
      const kept = certificates.get(file);
      return [file, { content: kept?.fingerprint === fingerprint ? kept.content : "", fingerprint, line }];
    }));
  }

  /** A section serves the backend that the files name for the keys that lead to it. */
  #readBindings(routes: Table): Map<string, SectionName> {
    const sections = new Map<string, SectionName>();
    for (const [key, value] of parseTable(this.remains.current.get(HOSTS_MAP) ?? "")) {
      const led = routes.get(key);
      if (led === undefined) continue;
      const [backend, section] = [targetOf(value), targetOf(led)];
      const before = sections.get(backend) ?? section;
      if (before !== section) throw unclear(`the route ${key} does not lead where the files say`);
      sections.set(backend, section);
    }
    for (const [backend, section] of sections) {
      // The section of a host that is gone may serve another one, as a spare does.
      const isHome = this.#current.backends.has(section) && !sections.has(section);
      if (section !== backend && !isSpare(section) && isHome) {
        throw unclear(`${backend} is served by the section of another host`);
      }
    }
    if (new Set(sections.values()).size !== sections.size) throw unclear("two backends share a section");
    return new Map([...sections].filter(([backend, section]) => backend !== section));
  }

  /** `isLeft`: a spare serves the backend of this name. */
  #readSection(name: SectionName, backend: string, isRouted: boolean, isLeft: boolean): RunningSection {
    const loaded = this.#loaded.backends.get(name);
    const current = isSpare(name) || isLeft ? undefined : this.#current.backends.get(name);
    if (loaded !== undefined && current !== undefined && loaded.body !== current.body) {
      throw unclear(`options of ${name} differ`);
    }
    // In neither: its host is gone, and it is deleted as soon as its last requests have ended.
    const body = (loaded ?? current)?.body ?? "";
    const isWanted = this.#wanted.backends.get(backend)?.body === body;
    const shape = isWanted ? this.desired.sections.get(backend)?.shape : this.#shapes.get(body);
    const balance = /^balance (.*)$/m.exec(body)?.[1] ?? "";
    return {
      shape: shape ?? body,
      isSpare: isSpare(name),
      isDynamic: isDynamic(balance),
      // Where no route leads to it, that cannot be told. To publish it again does no harm, nor does to withdraw it.
      isPublished: isRouted || !this.capabilities.canAddBackends || !this.desired.sections.has(name),
      servers: new Map(),
    };
  }

  #readServer(section: SectionName, server: ReportedServer): RunningServer {
    const state = toldState(server);
    const line = this.#lines.get(server.name);
    const loaded = this.#loaded.backends.get(section)?.servers.get(server.name);
    // Not in the files any more: it waits for its last connections, or for a load if it has a name.
    if (line === undefined) {
      return { line: loaded ?? "", state, isLeaving: nameOf(loaded ?? "") === undefined };
    }
    // The check of one that was added begins with its traffic.
    if (loaded === undefined && server.isReady && !server.isChecked) {
      throw unclear(`${server.name} is not checked`);
    }
    // One that was deleted and came back elsewhere is as the files say it is now.
    const isSame = isAt(line, server) &&
      (loaded === undefined || isSameButWeight(loaded, line) || endpointOf(loaded) !== endpointOf(line));
    if (!isSame) throw unclear(`address or settings of ${server.name} differ`);
    // An earlier signalbox named no weight where it is the usual one.
    const wanted = this.#wantedLines.get(server.name);
    const isMeant = wanted !== undefined && weightOf(line) === undefined && isSameButWeight(line, wanted);
    return { line: weighedLine(isMeant ? wanted : line, server), state, isLeaving: false };
  }
}

const isEqual = <K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);

const isSpare = (name: SectionName): boolean => /^_spare_\d+$/.test(name);
