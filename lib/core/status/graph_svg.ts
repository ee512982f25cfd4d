import { count } from "../values/count.ts";
import { onOneLine } from "../values/notice.ts";
import type { Graph, GraphBackend, GraphRoute, GraphServer } from "./graph.ts";

/** Pixels. */
const ROW = 22;
const GAP = 8;
const TOP = 44;
/** A character of the font, which is 12 pixels high. */
const LETTER = 7.3;
const COLUMNS = {
  host: { left: 12, width: 290 },
  route: { left: 352, width: 350 },
  server: { left: 752, width: 336 },
} as const;
type Column = keyof typeof COLUMNS;
const WIDTH = 1_100;

const STYLE = `
  :root { --ink: #1d2733; --line: #8795a3; --note: #51606f; --fill: #f3f6f9; --paper: #fff; --good: #1a7f4b; --bad: #b3401f; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6ebf0; --line: #66727f; --note: #a3b0bd; --fill: #202a35; --paper: #11171e; --good: #4cc38a; --bad: #ff8a65; }
  }
  text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: var(--ink); }
  .title { font-weight: bold; font-size: 14px; }
  .host { font-weight: bold; }
  .note { fill: var(--note); }
  rect { fill: var(--fill); stroke: var(--line); }
  rect.paper { fill: var(--paper); stroke: none; }
  path { fill: none; stroke: var(--line); }
  .elsewhere { stroke-dasharray: 4 3; }
  .ready { fill: var(--good); }
  .held { fill: none; stroke: var(--bad); stroke-width: 2; }
`;

/** The picture as an SVG file of its own: no script, nothing that it loads, and colours for light and dark. */
export function svgText(graph: Graph): string {
  const drawing = new Drawing();
  for (const host of graph.hosts) drawing.addHost(host.name, host.routes, graph.backends);
  const routes = graph.hosts.reduce((sum, host) => sum + host.routes.length, 0);
  const title = `${count(graph.hosts.length, "host")}, ${count(routes, "path")}, ${
    count(graph.backends.reduce((sum, { servers, more }) => sum + servers.length + more, 0), "container")
  }`;
  const height = drawing.bottom + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    `<text class="title" x="${COLUMNS.host.left}" y="26">${escaped(title)}</text>`,
    ...drawing.edges,
    ...drawing.shapes,
    "</svg>\n",
  ].join("\n");
}

/** Boxes from above, as high as they have to be: a backend stands beside the first route that leads to it. */
class Drawing {
  readonly edges: string[] = [];
  readonly shapes: string[] = [];
  /** Where the next row of each column may begin. */
  #route = TOP;
  #server = TOP;
  /** The middles of backends that are drawn. */
  readonly #drawn = new Map<number, number>();

  get bottom(): number {
    return Math.max(this.#route, this.#server);
  }

  addHost(name: string, routes: readonly GraphRoute[], backends: readonly GraphBackend[]): void {
    const middles: number[] = [];
    for (const route of routes) {
      const backend = route.backend === undefined ? undefined : backends[route.backend];
      const isNew = route.target !== undefined ||
        (route.backend !== undefined && !this.#drawn.has(route.backend));
      // What comes beside each other begins at the same height.
      if (isNew) this.#route = this.#server = Math.max(this.#route, this.#server);
      const middle = this.#route + ROW / 2;
      middles.push(middle);
      this.#addRoute(route, middle);
      this.#route += ROW + GAP;
      if (route.target !== undefined) this.#addTarget(route.target, middle);
      if (backend !== undefined && route.backend !== undefined) {
        if (isNew) this.#drawn.set(route.backend, this.#addBackend(backend));
        this.#connect("route", middle, "server", this.#drawn.get(route.backend) ?? middle);
      }
    }
    const [middle = this.#route] = middles;
    this.#box("host", middle - ROW / 2, ROW);
    this.#text("host", middle, name, "host");
    for (const each of middles) this.#connect("host", middle, "route", each);
  }

  #addRoute({ name, guards }: GraphRoute, middle: number): void {
    this.#box("route", middle - ROW / 2, ROW);
    const letters = lettersOf("route");
    const shown = cut(name, guards.length === 0 ? letters : Math.max(letters - 20, 12));
    this.#text("route", middle, name, "", shown);
    if (guards.length === 0) return;
    const all = guards.join(", ");
    const at = COLUMNS.route.left + 8 + (shown.length + 2) * LETTER;
    this.#textAt(at, middle, all, "note", cut(all, letters - shown.length - 2));
  }

  #addTarget(target: string, middle: number): void {
    this.#box("server", middle - ROW / 2, ROW, "elsewhere");
    this.#text("server", middle, target, "note");
    this.#connect("route", middle, "server", middle, "elsewhere");
    this.#server = middle + ROW / 2 + GAP;
  }

  /** Answers with its middle. */
  #addBackend({ servers, more }: GraphBackend): number {
    const rows = servers.length + (more > 0 ? 1 : 0);
    const [top, height] = [this.#server, rows * ROW];
    this.#box("server", top, height);
    servers.forEach((server, at) => this.#addServer(server, top + at * ROW + ROW / 2));
    if (more > 0) this.#text("server", top + height - ROW / 2, `and ${more} more`, "note");
    this.#server = top + height + GAP;
    return top + Math.min(height, ROW) / 2;
  }

  #addServer({ name, address, isReady }: GraphServer, middle: number): void {
    const text = `${name} ${address}`;
    if (isReady === undefined) return this.#text("server", middle, text, "");
    const { left } = COLUMNS.server;
    const words = isReady ? "gets traffic" : "gets no traffic";
    this.shapes.push(
      `<circle class="${isReady ? "ready" : "held"}" cx="${
        left + 14
      }" cy="${middle}" r="4"><title>${words}</title></circle>`,
    );
    const letters = lettersOf("server") - 3;
    this.#textAt(left + 26, middle, `${text}: ${words}`, "", cut(text, letters));
  }

  #box(column: Column, top: number, height: number, kind = ""): void {
    const { left, width } = COLUMNS[column];
    const className = kind === "" ? "" : ` class="${kind}"`;
    this.shapes.push(`<rect${className} x="${left}" y="${top}" width="${width}" height="${height}" rx="4"/>`);
  }

  #text(
    column: Column,
    middle: number,
    text: string,
    kind: string,
    shown = cut(text, lettersOf(column)),
  ): void {
    this.#textAt(COLUMNS[column].left + 8, middle, text, kind, shown);
  }

  /** What is cut is told whole to who points at it. */
  #textAt(x: number, middle: number, text: string, kind: string, shown: string): void {
    const className = kind === "" ? "" : ` class="${kind}"`;
    const whole = shown === text ? "" : `<title>${escaped(text)}</title>`;
    this.shapes.push(
      `<text${className} x="${rounded(x)}" y="${middle + 4}">${whole}${escaped(shown)}</text>`,
    );
  }

  #connect(from: Column, start: number, to: Column, end: number, kind = ""): void {
    const [left, right] = [COLUMNS[from].left + COLUMNS[from].width, COLUMNS[to].left];
    const bend = (left + right) / 2;
    const className = kind === "" ? "" : ` class="${kind}"`;
    this.edges.push(
      `<path${className} d="M${left} ${start}C${bend} ${start} ${bend} ${end} ${right} ${end}"/>`,
    );
  }
}

const lettersOf = (column: Column): number => Math.floor((COLUMNS[column].width - 16) / LETTER);

const cut = (text: string, letters: number): string => {
  const all = [...text];
  return all.length <= letters ? text : `${all.slice(0, Math.max(letters - 1, 1)).join("")}…`;
};

const rounded = (pixels: number): number => Math.round(pixels * 10) / 10;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Foreign text in XML: no sign of its own, and no character that XML does not have. */
const escaped = (text: string): string =>
  onOneLine(text).replace(/[\ufffe\uffff]/g, "\ufffd").replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");
