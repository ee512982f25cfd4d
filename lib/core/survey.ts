import type { ServerName } from "./names.ts";
import type { Running, RunningSection } from "./running.ts";
import type { SectionName } from "./runtime_command.ts";

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
};

/** What the running HAProxy says that it has. */
export type Survey = {
  readonly servers: readonly ReportedServer[];
  /** hosts.map, an entry a line; a key stands twice where someone has added it again. */
  readonly routes: readonly { readonly key: string; readonly section: SectionName }[];
  readonly sections: ReadonlySet<SectionName>;
};

/** The questions of a survey; parseSurvey reads the answers. */
export const SURVEY_COMMANDS = ["show servers state", "show map hosts.map", "show backend"] as const;

/** Reads the answers to SURVEY_COMMANDS (management guide, section 9.3). */
export function parseSurvey([servers = "", map = "", backends = ""]: readonly string[]): Survey {
  const routes = map.split("\n").map((line) => /^0x[0-9a-f]+ (\S+) (\S+)$/.exec(line)).filter((found) =>
    found !== null
  );
  return {
    servers: parseServerStates(servers),
    routes: routes.map(([, key = "", section = ""]) => ({ key, section })),
    sections: new Set(backends.split("\n").filter((line) => line !== "" && !line.startsWith("#"))),
  };
}

/** Asks for the servers of one section, or of all. */
export function stateQuestion(section?: SectionName): string {
  return `show servers state${section === undefined ? "" : ` ${section}`}`;
}

/** Reads what `show servers state` prints. */
export function parseServerStates(text: string): ReportedServer[] {
  const rows = text.split("\n").map((line) => line.split(" ")).filter((row) =>
    row.length >= 19 && row[0] !== "#"
  );
  return rows.map((row) => ({
    section: row[1] ?? "",
    name: row[3] as ServerName,
    address: row[4] ?? "",
    port: Number(row[18]),
    isUp: row[5] === "2",
    isReady: row[6] === "0",
  }));
}

/** Whether HAProxy reports the servers that a section should have, each as we believe it to be. */
export function isAsReported(section: RunningSection, reported: readonly ReportedServer[]): boolean {
  return reported.length === section.servers.size && reported.every((server) => {
    const believed = section.servers.get(server.name);
    return believed !== undefined && server.isReady === (believed.state === "ready");
  });
}

/** What someone else changed: for people, and why nothing but a reload puts it right, where that is so. */
export type Drift = { readonly told: readonly string[]; readonly reloadReason: string | undefined };

/** More routes than this are told as a number. */
const MOST_ROUTES_TOLD = 8;

/**
 * Compares what HAProxy has with what it is believed to have, and believes it: the next plan puts states and routes
 * right by commands. Servers and backends that came or went need a reload.
 */
export function believe(running: Running, survey: Survey): Drift {
  const told: string[] = [];
  let reloadReason: string | undefined;
  const reported = Map.groupBy(survey.servers, (server) => server.section);
  for (const [name, section] of running.sections) {
    const servers = reported.get(name) ?? [];
    for (const server of servers) {
      const believed = section.servers.get(server.name);
      if (believed === undefined || server.isReady === (believed.state === "ready")) continue;
      section.servers.set(server.name, { ...believed, state: server.isReady ? "ready" : "maint" });
      told.push(`${server.name} was made ${server.isReady ? "ready" : "unavailable"} by someone else`);
    }
    if (survey.sections.has(name) && isAsReported(section, servers)) continue;
    told.push(
      survey.sections.has(name)
        ? `the servers of ${name} are not those of the config`
        : `backend ${name} is gone`,
    );
    reloadReason = `the servers of ${name} were changed by someone else`;
  }
  const changed = changedRoutes(running, survey);
  if (changed.length > 0 && survey.routes.length !== new Set(survey.routes.map(({ key }) => key)).size) {
    reloadReason = "hosts.map has a key twice";
  }
  running.routes.clear();
  for (const { key, section } of survey.routes) running.routes.set(key, section);
  if (changed.length > MOST_ROUTES_TOLD) told.push(`${changed.length} routes were changed by someone else`);
  else told.push(...changed);
  return { told, reloadReason };
}

function changedRoutes(running: Running, survey: Survey): string[] {
  const changed: string[] = [];
  const seen = new Set<string>();
  for (const { key, section } of survey.routes) {
    const believed = running.routes.get(key);
    if (seen.has(key)) changed.push(`the route ${key} was added a second time`);
    else if (believed === undefined) changed.push(`the route ${key} was added by someone else`);
    else if (believed !== section) changed.push(`the route ${key} was led elsewhere by someone else`);
    seen.add(key);
  }
  for (const key of running.routes.keys()) {
    if (!seen.has(key)) changed.push(`the route ${key} was removed by someone else`);
  }
  return changed;
}
