import { onOneLine } from "../../values/notice.ts";
import { type LiveRow, rowsOf, shareOf, type Wanted } from "../live_rows.ts";
import type { LiveState } from "../live_state.ts";
import type { Load } from "../loads.ts";
import { columnsOf } from "./cell.ts";
import { COLUMNS } from "./columns.ts";
import { changeWord, loadWord, sourcesWord, stateWord, troublesOf } from "./facts.ts";

/** Changes at the end of a print. */
const MOST_CHANGES = 10;

/** The live picture as text for where no terminal is: every route that is wanted, however long its name. */
export function printTop(state: LiveState, wanted: Wanted): string {
  const { facts, haproxy, loads, events } = state;
  const rows = rowsOf(state, wanted);
  const isTimed = loads?.percentiles !== undefined;
  const table = [
    ["ROUTE", ...COLUMNS.map(({ head }) => head(isTimed))],
    ...rows.map((row) =>
      [nameOf(row), ...COLUMNS.map(({ ofRoute }) => ofRoute(row, isTimed))].map(onOneLine)
    ),
  ];
  const widths = (table[0] ?? []).map((_, at) => Math.max(...table.map((row) => columnsOf(row[at] ?? ""))));
  const padded = table.map((row) =>
    row.map((text, at) => {
      const room = " ".repeat((widths[at] ?? 0) - columnsOf(text));
      return at === 0 ? text + room : room + text;
    }).join("  ")
  );
  const version = haproxy?.version === undefined ? "" : `, HAProxy ${haproxy.version}`;
  const changes = events.slice(-MOST_CHANGES);
  const lines = [
    `signalbox ${facts?.version ?? ""}: ${stateWord(state)[0]}${version}`,
    ...troublesOf(state, { kind: "live" }),
    ...[sourcesWord(state), loadWord(state)].filter((text) => text !== ""),
    ...padded,
    ...changes.length === 0 ? [] : ["last changes:"],
    ...changes.map(({ at, level, text, fields }) => `  ${at} ${level.padEnd(5)} ${changeWord(text, fields)}`),
  ];
  return lines.map((text) => `${onOneLine(text)}\n`).join("");
}

const nameOf = ({ route }: LiveRow): string =>
  route.to === undefined ? route.name : `${route.name} to ${route.to}`;

/** The live picture as data, with a name for each figure. */
export function topDocument(state: LiveState, wanted: Wanted): Readonly<Record<string, unknown>> {
  const { facts, haproxy, loads, events, lists } = state;
  return {
    version: facts?.version,
    isInStep: haproxy?.isServing === true && facts?.trouble === undefined,
    trouble: facts?.trouble,
    haproxy,
    sources: facts?.sources ?? [],
    measuredAt: loads?.at,
    ...figuresOf(loads?.clients),
    routes: rowsOf(state, wanted).map(routeDocument),
    notServed: [...lists.leftOut.values()].map(({ container, wanted, why }) => ({ container, wanted, why })),
    changes: events,
  };
}

function routeDocument({ route, servers, guards, load, percentiles, serverLoads }: LiveRow) {
  const { name, host, path, to } = route;
  return {
    route: name,
    host,
    path,
    redirectsTo: to,
    guards,
    ...figuresOf(load),
    ...percentiles && { p50Ms: percentiles[0], p95Ms: percentiles[1] },
    servers: servers.map((server) => ({
      container: server.container,
      id: server.id,
      address: server.address,
      state: server.state,
      why: server.why,
      sharePercent: shareOf(server, servers),
      ...figuresOf(serverLoads[server.name]),
    })),
  };
}

function figuresOf(load: Load | undefined): Readonly<Record<string, number>> {
  if (load === undefined) return {};
  const [requestsPerSecond, errorsPerSecond, answerMs, totalMs, sessions, queued] = load;
  return { requestsPerSecond, errorsPerSecond, answerMs, totalMs, sessions, queued };
}
