import { type ErrorPageSet, parseErrorPageSet } from "../keys/error_page_set.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { sha256 } from "../values/sha256.ts";

/** The pages of `--error-pages`, as HAProxy reads them. */
export type ErrorPages = {
  /** What a container may choose in `error_pages`. */
  readonly sets: ReadonlySet<ErrorPageSet>;
  /** The statuses that some set has a page for. */
  readonly statuses: readonly number[];
  /** Those of them that HAProxy answers without a rule of ours. */
  readonly ownErrors: readonly number[];
  /** error_pages.map: `STATUS|` and the page of those that choose no set, `STATUS|SET|` and a set's own page. */
  readonly map: string;
  /** Tells one text of the map from another. */
  readonly sum: string;
};

/** The file of the pages, beside haproxy.cfg. */
export const ERROR_PAGES_MAP = "error_pages.map";

/** What HAProxy and our rules answer themselves, with what is said where one set has a page and another has none. */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [411, "Length Required"],
  [413, "Content Too Large"],
  [421, "Misdirected Request"],
  [429, "Too Many Requests"],
  [500, "Internal Server Error"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [508, "Loop Detected"],
]);

/** Of these HAProxy makes no answers by itself, so that `http-error` does not know them (HAProxy manual, 4.2). */
const ANSWERED_BY_RULES: readonly number[] = [411, 508];

/** All pages of all sets together, in bytes: each new set of files has them. */
const MOST_BYTES = 2 ** 20;
/** What a buffer has to hold beside a page: headers of the answer, and the 1,024 bytes that HAProxy keeps for rules. */
const BESIDE_BYTES = 2_048;

/** Whether a file of the folder is a page: `503.html`, `5xx.html`, or one of them below a folder of a set. */
export function isErrorPage(path: string): boolean {
  const [name = "", set, ...more] = path.split("/").toReversed();
  const isPage = /^[45]xx[.]html$/.test(name) || STATUSES.has(Number(/^([0-9]{3})[.]html$/.exec(name)?.[1]));
  return isPage && more.length === 0 && (set === undefined || parseErrorPageSet(set).ok);
}

/**
 * Reads the pages, by their paths below the folder; `bufferBytes` is HAProxy's buffer, which a whole answer has to fit into.
 * A page of a set beats the default one, and a status beats `4xx` and `5xx`.
 */
export function parseErrorPages(
  files: ReadonlyMap<string, string>,
  bufferBytes: number,
): Parsed<ErrorPages> {
  const most = bufferBytes - BESIDE_BYTES;
  const pages = new Map<string, string>();
  for (const [path, text] of files) {
    if (!isErrorPage(path)) continue;
    const page = onOneLine(text);
    const size = bytesOf(page);
    if (size > most) return expected(`at most ${most} bytes in ${path}, which has ${size}`);
    if (page === "" || !page.isWellFormed() || CONTROL.test(page)) {
      return expected(`HTML without control characters in ${path}`);
    }
    pages.set(path, page);
  }
  if (pages.size === 0) return expected("pages such as 404.html, 503.html or 5xx.html");
  const named = [...new Set([...pages.keys()].flatMap(setOf))].sort();
  const statuses = [...STATUSES.keys()].filter((status) =>
    ["", ...named].some((set) => pageOf(pages, set, status) !== undefined)
  );
  const map = `# Pages of --error-pages: status|set| page\n${rowsOf(pages, named, statuses).join("")}`;
  const size = bytesOf(map);
  if (size > MOST_BYTES) return expected(`at most ${MOST_BYTES} bytes in all pages, which have ${size}`);
  const ownErrors = statuses.filter((status) => !ANSWERED_BY_RULES.includes(status));
  return parsed({ sets: new Set(named), statuses, ownErrors, map, sum: sha256(map).slice(0, 16) });
}

/** HAProxy takes the row whose key is the longest that the key looked for begins with: so a set falls back to the default. */
function rowsOf(
  pages: ReadonlyMap<string, string>,
  named: readonly ErrorPageSet[],
  statuses: readonly number[],
): readonly string[] {
  return statuses.flatMap((status) => [
    `${status}| ${pageOf(pages, "", status) ?? plainPage(status)}\n`,
    ...named.flatMap((set) => {
      const page = pageOf(pages, set, status);
      return page === undefined ? [] : [`${status}|${set}| ${page}\n`];
    }),
  ]);
}

function pageOf(pages: ReadonlyMap<string, string>, set: string, status: number): string | undefined {
  const folder = set === "" ? "" : `${set}/`;
  return pages.get(`${folder}${status}.html`) ?? pages.get(`${folder}${`${status}`.slice(0, 1)}xx.html`);
}

const plainPage = (status: number): string => {
  const title = `${status} ${STATUSES.get(status)}`;
  return `<!doctype html> <title>${title}</title> <h1>${title}</h1>`;
};

function setOf(path: string): readonly ErrorPageSet[] {
  const [set = "", name] = path.split("/");
  const read = name === undefined ? undefined : parseErrorPageSet(set);
  return read?.ok ? [read.value] : [];
}

/**
 * A page on one line: a row of a map is one, and HAProxy before 3.2 writes a line break that comes of a row as `%0A`. HTML
 * and CSS take a blank for it. A script needs an end of its lines, for which U+2028 is one (ECMA-262, 12.3); in `pre` and
 * `textarea` its character reference is one.
 */
function onOneLine(html: string): string {
  return html.replace(/^\uFEFF/, "").trim().replace(/\r\n?/g, "\n")
    .replace(VERBATIM, (_all, open: string, name: string, text: string, close: string) => {
      const inner = name.toLowerCase() === "script" ? scriptOnOneLine(text) : textOnOneLine(text);
      return `${open}${inner}${close}`;
    })
    .replace(/[\n\t\f]/g, " ");
}

const VERBATIM = /(<(script|pre|textarea)\b[^>]*>)([^]*?)(<\/\2\s*>)/gi;

const scriptOnOneLine = (text: string): string => text.replaceAll("\n", "\u2028");

/** Tags within the text keep their blanks, where a character reference would be none. */
const textOnOneLine = (text: string): string =>
  text.replace(/<[^>]*>|[\n\t]/g, (found) => found === "\n" ? "&#10;" : found === "\t" ? "&#9;" : found);

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
