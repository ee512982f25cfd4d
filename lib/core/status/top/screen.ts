import { count } from "../../values/count.ts";
import { type LiveRow, rowsOf } from "../live_rows.ts";
import type { LiveState } from "../live_state.ts";
import type { PictureServer } from "../picture.ts";
import { cell, columnsOf, cut } from "./cell.ts";
import { type Column, columnsIn } from "./columns.ts";
import { changeLine, type Connection, headLines } from "./facts.ts";
import { type Line, line, type Style } from "./line.ts";
import { KEYS, type Scroll, type TopView } from "./view.ts";

/** A terminal's size in characters. */
export type Size = { readonly columns: number; readonly rows: number };

/** What is on the screen, and how far its list can be scrolled. */
export type Frame = { readonly lines: readonly Line[]; readonly scroll: Scroll };

/** A line of the list: a route, or a container of the route above it. */
type Entry = { readonly row: LiveRow; readonly server?: PictureServer };

type Layout = { readonly shown: readonly Column[]; readonly isTimed: boolean; readonly width: number };

/** Changes at the foot of the screen: one line of five. */
const CHANGES_SHARE = 5;
/** A terminal with fewer lines shows routes alone. */
const FEWEST_FOR_CHANGES = 16;

/** Draws what `top` shows: no more lines than the terminal has, and none longer than it is wide. */
export function topScreen(state: LiveState, view: TopView, size: Size, connection: Connection): Frame {
  const { columns, rows } = size;
  const found = rowsOf(state, { ...view, search: view.typed ?? view.filter });
  const head = headLines(state, connection, columns);
  const changes = rows < FEWEST_FOR_CHANGES
    ? []
    : changesOf(state, columns, Math.floor(rows / CHANGES_SHARE));
  const page = Math.max(0, rows - head.length - 1 - changes.length - 1);
  const entries = view.isOpen ? found.flatMap(openedOf) : found.map((row): Entry => ({ row }));
  const end = Math.max(0, entries.length - page);
  const offset = Math.min(view.offset, end);
  const shown = columnsIn(columns);
  const list = view.isHelp
    ? KEYS.slice(0, page).map(({ name, does }) => line(columns, [`  ${cell(name, 6)}${does}`]))
    : entries.length === 0
    ? [line(columns, [emptyWord(state, view), "soft"])].slice(0, page)
    : entries.slice(offset, offset + page).map((entry) =>
      entryLine(entry, { shown, isTimed: hasPercentiles(state), width: columns })
    );
  const lines = [
    ...head,
    headOf(state, view, shown, columns),
    ...list,
    ...Array<Line>(Math.max(0, page - list.length)).fill([]),
    ...changes,
    footOf(view, found.length, state.lists.routes.size, columns),
  ];
  return { lines: lines.slice(0, rows), scroll: { page, end } };
}

const openedOf = (
  row: LiveRow,
): readonly Entry[] => [{ row }, ...row.servers.map((server) => ({ row, server }))];

function emptyWord({ hasPicture }: LiveState, { filter, typed }: TopView): string {
  if (!hasPicture) return "";
  return (typed ?? filter) === ""
    ? "no container is routed yet: signalbox explain says why"
    : "nothing has all of these words";
}

const hasPercentiles = ({ loads }: LiveState): boolean => loads?.percentiles !== undefined;

function headOf(state: LiveState, view: TopView, shown: readonly Column[], width: number): Line {
  const mark = (sort: string) => view.sort !== sort ? "" : (sort === "name") === view.isReversed ? "v" : "^";
  const figures = shown.map(({ sort, head, columns }) =>
    cell(head(hasPercentiles(state)) + mark(sort), columns, "right")
  )
    .join("");
  return line(width, [cell(`ROUTE${mark("name")}`, width - figures.length) + figures, "head"]);
}

function entryLine({ row, server }: Entry, { shown, isTimed, width }: Layout): Line {
  const load = server === undefined ? undefined : row.serverLoads[server.name];
  const figures = shown.map((column): readonly [string, Style | undefined] => {
    const text = server === undefined ? column.ofRoute(row, isTimed) : column.ofServer(server, load, isTimed);
    return [cell(text, column.columns, "right"), styleOf(column, row, server)];
  });
  const room = width - shown.reduce((sum, { columns }) => sum + columns, 0);
  const name = server === undefined
    ? row.route.to === undefined ? row.route.name : `${row.route.name} to ${row.route.to}`
    : `  ${server.container} ${server.address}${server.why === undefined ? "" : ` ${server.why}`}`;
  return line(width, [cell(name, room), server === undefined ? undefined : "soft"], ...figures);
}

function styleOf({ sort }: Column, row: LiveRow, server: PictureServer | undefined): Style | undefined {
  const { route, servers, load } = row;
  if (sort === "errors") {
    const errors = (server === undefined ? load : row.serverLoads[server.name])?.[1] ?? 0;
    return errors > 0 ? "bad" : undefined;
  }
  if (sort !== "state" || route.to !== undefined) return undefined;
  if (server !== undefined) return STYLES[server.state];
  const ready = servers.filter(({ state }) => state === "ready").length;
  return ready === 0 ? "bad" : ready < servers.length ? "warn" : "good";
}

const STYLES: { readonly [State in PictureServer["state"]]: Style } = {
  ready: "good",
  waiting: "warn",
  draining: "warn",
  down: "bad",
};

function changesOf({ events, hasGap }: LiveState, columns: number, most: number): readonly Line[] {
  const last = events.slice(-most).reverse();
  const gap = hasGap ? ", with some missing" : "";
  return [
    line(columns, [cell(`LAST CHANGES (times are UTC${gap})`, columns), "head"]),
    ...last.map((event) => changeLine(event, columns)),
    ...Array<Line>(most - last.length).fill([]),
  ];
}

function footOf(view: TopView, found: number, all: number, columns: number): Line {
  if (view.typed !== undefined) {
    // Its end is what is being typed.
    const room = Math.max(1, columns - 40);
    const typed = [...view.typed];
    return line(columns, [`filter: ${cut(typed.slice(-room).join(""), room)}_`], [
      "  Enter keeps it, Esc leaves it",
      "soft",
    ]);
  }
  const routes = view.filter === ""
    ? count(all, "route")
    : `${found} of ${count(all, "route")}, filter: ${view.filter}`;
  const keys = "q quit  h help  / filter  n t r e l s sort  c containers";
  const room = columns - columnsOf(keys) - 2;
  return room < 10
    ? line(columns, [keys, "soft"])
    : line(columns, [cell(routes, room)], ["  "], [keys, "soft"]);
}
