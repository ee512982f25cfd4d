import { parseIp, type ServerName } from "../values/names.ts";
import type { Running, RunningSection, RunningServer } from "./running.ts";
import { endpointOf, weightOf, withWeight } from "../runtime/server_line.ts";
import { parseRows, type ReportedRow, tableQuestion } from "../runtime/map_commands.ts";
import type { CertificateFile } from "../certificates/choose.ts";
import { certificateQuestion, LIST_QUESTION } from "../runtime/certificate_commands.ts";
import {
  type ChangedCertificates,
  findCertificateDrift,
  parseCertificates,
  type ReportedCertificates,
} from "./certificate_drift.ts";
import type { SectionName, ServerState } from "../runtime/operation.ts";
import type { TableName } from "../values/table.ts";
import { type ChangedRows, findTableDrift } from "./table_drift.ts";

/** A server as `show servers state` prints it. */
export type ReportedServer = {
  readonly section: SectionName;
  readonly name: ServerName;
  readonly address: string;
  readonly port: number;
  /** Its check says that it is up. */
  readonly isUp: boolean;
  /** No command holds traffic back. */
  readonly isReady: boolean;
  /** It drains by a command, and nothing else holds traffic back. */
  readonly isDraining?: boolean;
  /** As it is now, and as it was when it was loaded or added. */
  readonly weight: number;
  readonly initialWeight: number;
  /** An agent of the server's own may change its weight (HAProxy manual, 5.2, `agent-check`). */
  readonly hasAgent: boolean;
  /** Its check runs, or waits for the end of its maintenance. */
  readonly isChecked: boolean;
};

/** What the running HAProxy reports. */
export type Survey = {
  readonly servers: readonly ReportedServer[];
  /** Rows by table; a key occurs twice where somebody has added it again. A table that HAProxy does not have is missing. */
  readonly tables: ReadonlyMap<TableName, readonly ReportedRow[]>;
  readonly sections: ReadonlySet<SectionName>;
  readonly certificates: ReportedCertificates;
};

/** The questions of a survey about a config that has these tables; parseSurvey reads the answers. */
export function surveyQuestions(
  tables: readonly TableName[],
  certificates: readonly CertificateFile[] = [],
): string[] {
  const about = certificates.length === 0 ? [] : [LIST_QUESTION, ...certificates.map(certificateQuestion)];
  return [stateQuestion(), "show backend", ...tables.map(tableQuestion), ...about];
}

/** Reads the answers to surveyQuestions (management guide, section 9.3). */
export function parseSurvey(
  tables: readonly TableName[],
  [servers = "", backends = "", ...maps]: readonly string[],
  certificates: readonly CertificateFile[] = [],
): Survey {
  const rows = tables.flatMap((table, at) => {
    const parsed = parseRows(maps[at] ?? "");
    return parsed === undefined ? [] : [[table, parsed] as const];
  });
  return {
    servers: parseServerStates(servers),
    tables: new Map(rows),
    certificates: parseCertificates(certificates, maps.slice(tables.length)),
    sections: new Set(backends.split("\n").filter((line) => line !== "" && !line.startsWith("#"))),
  };
}

/** The bit of srv_check_state, and of srv_agent_state, that tells that the check is switched on. */
const CHECK_ENABLED = 4;

/** The srv_admin_state of a server that was told to drain (management guide, `show servers state`). */
const DRAINING = 8;

/** The state that a server was told to be in, by HAProxy's report. */
export const toldState = ({ isReady, isDraining }: ReportedServer): ServerState =>
  isReady ? "ready" : isDraining === true ? "drain" : "maint";

/** Asks for the servers of one section, or of all. */
export function stateQuestion(section?: SectionName): string {
  return `show servers state${section === undefined ? "" : ` ${section}`}`;
}

/** A server whose name has no address is in maintenance of HAProxy's own: no command of anybody (SRV_ADMF_RMAINT). */
const UNRESOLVED = 32;

/** Reads what `show servers state` prints. */
export function parseServerStates(text: string): ReportedServer[] {
  const servers: ReportedServer[] = [];
  const starts: number[] = [];
  for (let from = 0, end = 0; from < text.length; from = end + 1) {
    end = text.indexOf("\n", from);
    if (end < 0) end = text.length;
    // Of thousands of lines with 25 fields, a part of each is read: no text is made of the others.
    findFields(text, from, end, starts);
    const field = (at: number) => text.slice(starts[at], (starts[at + 1] ?? 0) - 1);
    if (starts.length <= FIELDS || field(0) === "#") continue;
    servers.push({
      section: field(1),
      name: field(3) as ServerName,
      address: field(4),
      port: Number(field(18)),
      // Starting (1) is up too: its share of the requests grows, as for `slowstart` (HAProxy manual, 5.2).
      isUp: field(5) === "2" || field(5) === "1",
      isReady: toldIn(field(6)) === 0,
      isDraining: toldIn(field(6)) === DRAINING,
      weight: Number(field(7)),
      initialWeight: Number(field(8)),
      hasAgent: (Number(field(14)) & CHECK_ENABLED) !== 0,
      isChecked: (Number(field(13)) & CHECK_ENABLED) !== 0,
    });
  }
  return servers;
}

/** How many fields a line has at least: later ones are not of every version. */
const FIELDS = 19;

/** Notes where each field of a line begins, and where another would. */
function findFields(text: string, from: number, end: number, starts: number[]): void {
  starts.length = 0;
  for (let at = from; at <= end;) {
    starts.push(at);
    const space = text.indexOf(" ", at);
    at = space < 0 || space > end ? end + 1 : space + 1;
  }
  starts.push(end + 1);
}

/** What commands have said of a server, by its srv_admin_state. */
const toldIn = (state = ""): number => /^\d+$/.test(state) ? Number(state) & ~UNRESOLVED : NaN;

/** Whether HAProxy reports exactly the servers of a section, each with the expected state, weight and address. */
export function isAsReported(
  { servers }: Pick<RunningSection, "servers">,
  reported: readonly ReportedServer[],
): boolean {
  return reported.length === servers.size && reported.every((server) => {
    const believed = servers.get(server.name);
    return believed !== undefined && toldState(server) === believed.state &&
      isWeighed(believed.line, server) && isAt(believed.line, server);
  });
}

/**
 * A server's line with the weight that HAProxy reports. Where an agent sets the weight, as a user's own template may want,
 * the line stays: any weight is right.
 */
export function weighedLine(line: string, { weight, hasAgent }: ReportedServer): string {
  const said = weightOf(line);
  return said === undefined || said === weight || hasAgent ? line : withWeight(line, weight);
}

/** Whether a server has the weight of its line, or its initial weight where the line names none. */
function isWeighed(line: string, server: ReportedServer): boolean {
  const isSaid = weightOf(line) !== undefined;
  return isSaid
    ? weighedLine(line, server) === line
    : server.hasAgent || server.weight === server.initialWeight;
}

/** Whether a server has the address of its line. Where its line holds a name, any address is right. */
export function isAt(line: string, { address, port }: ReportedServer): boolean {
  const endpoint = endpointOf(line) ?? "";
  if (endpoint === `${address}:${port}`) return true;
  const [, written = "", writtenPort] = /^(.*):(\d+)$/.exec(endpoint) ?? [];
  const [wanted, reported] = [parseIp(written), parseIp(address)];
  return !wanted.ok || !reported.ok || (wanted.value === reported.value && Number(writtenPort) === port);
}

/** What somebody else changed. */
export type Drift = {
  /** For people. */
  readonly told: readonly string[];
  /** Why only a reload corrects it; `undefined` where commands do. */
  readonly reloadReason: string | undefined;
  /** Our servers that changed, as HAProxy has them now. */
  readonly servers: readonly {
    readonly section: SectionName;
    readonly name: ServerName;
    readonly server: RunningServer;
  }[];
  /** Rows that changed, as HAProxy has them now, by table and key. */
  readonly rows: ReadonlyMap<TableName, ChangedRows>;
  readonly certificates: ChangedCertificates;
};

/**
 * Compares HAProxy's report with what signalbox knows. The next plan corrects states, weights and routes by commands;
 * servers and backends that came or went need a reload.
 */
export function findDrift(running: Running, survey: Survey): Drift {
  const told: string[] = [];
  const drifted: Drift["servers"][number][] = [];
  let reloadReason: string | undefined;
  const reported = Map.groupBy(survey.servers, (server) => server.section);
  for (const [name, section] of running.sections) {
    const servers = reported.get(name) ?? [];
    const changed = servers.flatMap((server) => changeOf(section, server));
    for (const { name: server, before, now } of changed) {
      drifted.push({ section: name, name: server, server: now });
      if (now.line !== before.line) told.push(`the weight of ${server} was changed by someone else`);
      if (now.state === before.state) continue;
      told.push(`${server} was made ${now.state === "ready" ? "ready" : "unavailable"} by someone else`);
    }
    const now = changed.length === 0
      ? section
      : { servers: new Map([...section.servers, ...changed.map(({ name, now }) => [name, now] as const)]) };
    if (survey.sections.has(name) && isAsReported(now, servers)) continue;
    told.push(
      survey.sections.has(name)
        ? `the servers of ${name} are not those of the config`
        : `backend ${name} is gone`,
    );
    reloadReason = `the servers of ${name} were changed by someone else`;
  }
  const rows = new Map<TableName, ChangedRows>();
  for (const [table, reported] of survey.tables) {
    const drift = findTableDrift(table, reported, running);
    if (drift.isTwice) reloadReason = `${table} has a key twice`;
    told.push(...drift.told);
    if (drift.rows.size > 0) rows.set(table, drift.rows);
  }
  const certificates = findCertificateDrift(running.certificates, survey.certificates);
  told.push(...certificates.told);
  return {
    told,
    reloadReason: reloadReason ?? certificates.reloadReason,
    servers: drifted,
    rows,
    certificates: certificates.changed,
  };
}

/** One of our servers, if HAProxy reports another state or weight. */
function changeOf({ servers }: RunningSection, reported: ReportedServer) {
  const { name } = reported;
  const before = servers.get(name);
  if (before === undefined) return [];
  const line = weighedLine(before.line, reported);
  const state = toldState(reported);
  return line === before.line && state === before.state
    ? []
    : [{ name, before, now: { ...before, line, state } }];
}
