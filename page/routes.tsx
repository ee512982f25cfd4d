/// <reference lib="dom" />
import { useEffect, useMemo, useState } from "preact/hooks";
import { type LiveRow, rowsOf, shareOf, type Sort, statesInWords } from "../lib/core/status/live_rows.ts";
import type { Load } from "../lib/core/status/loads.ts";
import type { PictureServer } from "../lib/core/status/picture.ts";
import { certificateOf, SOON_DAYS } from "./certificate_of.ts";
import { Sparkline } from "./chart.tsx";
import { Details } from "./details.tsx";
import type { Store } from "./store.tsx";
import { useWindow } from "./virtual.tsx";
import { daysUntil, daysWord, many, number } from "./words.ts";

/** With so few hosts, their containers are shown from the start. */
const FEW = 30;

type Line =
  | { readonly row: LiveRow; readonly server?: undefined; readonly isOpen: boolean }
  | { readonly row: LiveRow; readonly server: PictureServer };

/** Hosts, paths and containers, with what each of them does now. */
export function Routes({ store }: { store: Store }) {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<{ sort: Sort; isReversed: boolean }>({
    sort: "name",
    isReversed: false,
  });
  /** Those that are not as they are at first. */
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<string>();
  const { live } = store;
  const rows = rowsOf(live, { search, ...order });
  const count = live.routesToCome ?? live.lists.routes.size;
  const isOpenAtFirst = count <= FEW || (search !== "" && rows.length <= FEW);
  const lines = useMemo(
    () => linesOf(rows, isOpenAtFirst, turned),
    [rows, isOpenAtFirst, turned],
  );
  const turn = (key: string) => {
    const next = new Set(turned);
    if (!next.delete(key)) next.add(key);
    setTurned(next);
  };
  const sortBy = (sort: Sort) => setOrder({ sort, isReversed: order.sort === sort && !order.isReversed });
  const { box, first, end, rowPx } = useWindow(lines.length);
  useEffect(() => void (rows.length > 0 && markOnce("first-rows")), [rows.length > 0]);
  const isTimed = live.loads?.percentiles !== undefined;
  return (
    <section>
      <form role="search" class="tools" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search
          <input
            type="search"
            value={search}
            placeholder="host, container, image, label"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <p role="status">
          {search === ""
            ? many(count, "route")
            : `${rows.length.toLocaleString("en")} of ${many(count, "route")}`}
        </p>
      </form>
      <div role="table" aria-label="Routes" aria-rowcount={lines.length + 1} class="table">
        <Heads order={order} sortBy={sortBy} isTimed={isTimed} />
        <div
          role="rowgroup"
          class="rows"
          ref={box}
          style={{ height: `${lines.length * rowPx}px` }}
        >
          {lines.slice(first, end).map((line, at) => (
            <Row
              key={line.server === undefined
                ? line.row.route.key
                : `${line.row.route.key} ${line.server.name}`}
              line={line}
              at={first + at}
              top={(first + at) * rowPx}
              store={store}
              onTurn={turn}
              onShow={setShown}
            />
          ))}
        </div>
      </div>
      {rows.length === 0 && <p class="plain">{emptyWord(search)}</p>}
      {shown !== undefined && <Details store={store} routeKey={shown} onClose={() => setShown(undefined)} />}
    </section>
  );
}

/** For tests, and for who looks into a slow browser. */
function markOnce(name: string): void {
  if (performance.getEntriesByName(name).length === 0) performance.mark(name);
}

const emptyWord = (search: string): string =>
  search === "" ? "No container is routed yet. “Not served” says why." : "Nothing has all of these words.";

function linesOf(
  rows: readonly LiveRow[],
  isOpenAtFirst: boolean,
  turned: ReadonlySet<string>,
): readonly Line[] {
  return rows.flatMap((row): Line[] => {
    const isOpen = turned.has(row.route.key) !== isOpenAtFirst;
    if (!isOpen) return [{ row, isOpen }];
    return [{ row, isOpen }, ...row.servers.map((server) => ({ row, server }))];
  });
}

function Heads({ order, sortBy, isTimed }: {
  order: { readonly sort: Sort; readonly isReversed: boolean };
  sortBy: (sort: Sort) => void;
  isTimed: boolean;
}) {
  const head = (sort: Sort, text: string, title?: string) => {
    const isUp = (sort === "name") !== order.isReversed;
    return (
      <div
        role="columnheader"
        class={sort}
        aria-sort={order.sort === sort ? isUp ? "ascending" : "descending" : "none"}
      >
        <button type="button" title={title} onClick={() => sortBy(sort)}>{text}</button>
      </div>
    );
  };
  return (
    <div role="rowgroup" class="heads">
      <div role="row" aria-rowindex={1} class="row head">
        {head("name", "Host, path, container")}
        {head("state", "State")}
        <div role="columnheader" class="share">Share</div>
        {head("requests", "Requests/s")}
        {head("errors", "Errors/s")}
        {isTimed
          ? head("latency", "p50 / p95 ms", "Until the answer began, of the last 256 requests")
          : head("latency", "Average ms", "Until the answer began, average of the last 1,024 requests")}
        {head("sessions", "Sessions")}
      </div>
    </div>
  );
}

function Row({ line, at, top, store, onTurn, onShow }: {
  line: Line;
  at: number;
  top: number;
  store: Store;
  onTurn: (key: string) => void;
  onShow: (key: string) => void;
}) {
  const { row, server } = line;
  const { route } = row;
  const place = {
    role: "row" as const,
    "aria-rowindex": at + 2,
    style: { transform: `translateY(${top}px)` },
  };
  if (server !== undefined) {
    const share = shareOf(server, row.servers);
    return (
      <div {...place} class="row server">
        <div role="cell" class="name">
          <span class="container">{server.container}</span> <span class="soft">{server.address}</span>
        </div>
        <div role="cell" class={`state ${server.state}`} title={server.why}>
          {server.state}
          {server.why !== undefined && <span class="soft">{server.why}</span>}
        </div>
        <div role="cell" class="share">{share}%</div>
        <Figures load={row.serverLoads[server.name]} />
      </div>
    );
  }
  const state = statesInWords(row);
  return (
    <div {...place} class="row route">
      <div role="cell" class="name">
        {row.servers.length > 0 && (
          <button
            type="button"
            class="turn"
            aria-expanded={line.isOpen}
            aria-label={`Containers of ${route.name}`}
            onClick={() => onTurn(route.key)}
          />
        )}
        <button type="button" class="link" onClick={() => onShow(route.key)}>
          {route.isTcp ? route.name : (
            <>
              <b>{route.host}</b>
              {route.path}
            </>
          )}
        </button>
        {route.isVariant && <span class="tag">variant</span>}
        <CertificateTag store={store} host={route.host} />
        {row.guards.slice(0, 3).map((guard) => <span key={guard} class="tag">{guard}</span>)}
        {row.guards.length > 3 && <span class="tag">+{row.guards.length - 3}</span>}
      </div>
      <div role="cell" class={`state ${wordOf(row)}`} title={route.to ?? state}>
        {route.to === undefined ? state : `to ${route.to}`}
      </div>
      <div role="cell" class="share" />
      <Figures
        load={row.load}
        points={row.load && store.history.get(route.backend)}
        times={row.percentiles}
      />
    </div>
  );
}

/** The certificate of a host, where it expires soon. */
function CertificateTag({ store, host }: { store: Store; host: string }) {
  const found = certificateOf(store.live, host);
  const days = found === undefined ? SOON_DAYS : daysUntil(found.validTo);
  return days < SOON_DAYS ? <span class="tag soon">certificate: {daysWord(days)}</span> : null;
}

/** The worst state of a route's servers, which gives it its colour. */
function wordOf({ route, servers }: LiveRow): string {
  if (route.to !== undefined) return "redirect";
  const ready = servers.filter(({ state }) => state === "ready").length;
  return ready === 0 ? "down" : ready < servers.length ? "waiting" : "ready";
}

function Figures({ load, points, times }: {
  load: Load | undefined;
  points?: readonly number[] | undefined;
  times?: readonly [number, number] | undefined;
}) {
  const [requests, errors, answerMs, , sessions, queued] = load ?? [];
  return (
    <>
      <div role="cell" class="requests">
        {requests === undefined ? "–" : number(requests)}
        {points !== undefined && <Sparkline points={points} />}
      </div>
      <div role="cell" class={errors !== undefined && errors > 0 ? "errors some" : "errors"}>
        {errors === undefined ? "–" : number(errors)}
      </div>
      <div role="cell" class="latency">
        {times !== undefined ? `${times[0]} / ${times[1]}` : answerMs === undefined ? "–" : number(answerMs)}
      </div>
      <div role="cell" class="sessions">
        {sessions === undefined ? "–" : number(sessions)}
        {queued !== undefined && queued > 0 && <span class="soft">+{queued} queued</span>}
      </div>
    </>
  );
}
