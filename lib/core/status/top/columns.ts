import type { LiveRow, Sort } from "../live_rows.ts";
import type { Load } from "../loads.ts";
import type { PictureServer } from "../picture.ts";
import { figure } from "./cell.ts";

/** A column of figures in `top`. */
export type Column = {
  readonly sort: Sort;
  readonly head: (isTimed: boolean) => string;
  readonly columns: number;
  /** `isTimed`: there are percentiles, in place of averages. */
  readonly ofRoute: (row: LiveRow, isTimed: boolean) => string;
  readonly ofServer: (server: PictureServer, load: Load | undefined, isTimed: boolean) => string;
};

const NONE = "-";
const figureOf = (value: number | undefined): string => value === undefined ? NONE : figure(value);

/** All of them, the most important first: a narrow terminal has no room for the last ones. */
export const COLUMNS: readonly Column[] = [
  {
    sort: "state",
    head: () => "STATE",
    columns: 14,
    ofRoute: stateOf,
    ofServer: ({ state }) => state,
  },
  {
    sort: "requests",
    head: () => "REQ/S",
    columns: 8,
    ofRoute: ({ load }) => figureOf(load?.[0]),
    ofServer: (_, load) => figureOf(load?.[0]),
  },
  {
    sort: "errors",
    head: () => "ERR/S",
    columns: 7,
    ofRoute: ({ load }) => figureOf(load?.[1]),
    ofServer: (_, load) => figureOf(load?.[1]),
  },
  {
    sort: "latency",
    head: (isTimed) => isTimed ? "P50/P95 MS" : "AVG MS",
    columns: 12,
    ofRoute: ({ percentiles, load }, isTimed) =>
      !isTimed ? figureOf(load?.[2]) : percentiles === undefined ? NONE : percentiles.join("/"),
    ofServer: (_, load, isTimed) => isTimed ? NONE : figureOf(load?.[2]),
  },
  {
    sort: "sessions",
    head: () => "SESS",
    columns: 7,
    ofRoute: ({ load }) => sessionsOf(load),
    ofServer: (_, load) => sessionsOf(load),
  },
];

/** Sessions now, and requests that wait. */
const sessionsOf = (load: Load | undefined): string =>
  load === undefined ? NONE : `${load[4]}${load[5] > 0 ? `+${load[5]}` : ""}`;

/** How many of its servers are ready, and where not all are, what the others are. */
function stateOf({ route, servers }: LiveRow): string {
  if (route.to !== undefined) return "redirect";
  if (servers.length === 0) return "no server";
  const others = servers.filter(({ state }) => state !== "ready");
  const ready = servers.length - others.length;
  return others.length === 0
    ? `${ready} ready`
    : `${ready}/${servers.length} ${ready > 0 ? "ready" : others[0]?.state}`;
}

/** The columns that there is room for beside names. */
export function columnsIn(width: number): readonly Column[] {
  const shown: Column[] = [];
  let room = width - LEAST_NAME;
  for (const column of COLUMNS) {
    if ((room -= column.columns) < 0) break;
    shown.push(column);
  }
  return shown;
}

/** The least room for the name of a route. */
const LEAST_NAME = 20;
