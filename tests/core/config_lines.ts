/** What may stand in a rendered config: each line of a backend is one of these, or the config says more than the model. */
import type { Model } from "../../lib/core/model/model.ts";
import { ownerOfRow } from "../../lib/core/keys/route_row.ts";
import { HOSTS_MAP, PATTERNS_MAP, type Tables, VARIANTS_MAP } from "../../lib/core/values/table.ts";
import { KEY_ROWS } from "./key_rows.ts";

const rows = Object.values(KEY_ROWS);
const words = rows.flatMap((row) => "words" in row && row.words !== "" ? row.words : []).join("|");

/** Lines of a backend, from the templates and from what each key makes of itself. */
const BACKEND_LINES: readonly RegExp[] = [
  ...rows.flatMap((row) => "lines" in row ? row.lines : []),
  // HAProxy prints the text with its variables in it, and here none is set.
  /^tcp-response content +(?:"\$\{SIGNALBOX_LAST_TRY\}" )?if \{ var\(txn\.third\) -m found \} !\{ status ge 100 \}$/,
  // Of one that compresses.
  /^retries 2$/,
  /^http-request disable-l7-retry if \{ var\(txn\.retries\) -m str 1 \}$/,
  /^http-request set-timeout (server|tunnel) var\(txn\.\1_timeout\) if \{ var\(txn\.\1_timeout\) -m found \}$/,
  // Of a route of TCP, whose backend has what a rule of the frontend says for HTTP.
  /^timeout tunnel \d+ms$/,
  new RegExp(
    `^server [A-Za-z0-9_.:-]+ (?:[0-9.]+|\\[[0-9a-f:]+\\]):\\d+ id \\d+ check inter \\d+(?: (?:${words}))*$`,
  ),
];

/** A section: `backend app.local` and its lines without comments, trimmed. */
export interface ConfigSection {
  readonly head: string;
  readonly lines: readonly string[];
}

/** The sections of a config, in their order. */
export function sectionsOf(config: string): ConfigSection[] {
  const sections: { head: string; lines: string[] }[] = [];
  for (const line of config.split("\n")) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    if (/^[a-z]/.test(line)) sections.push({ head: text, lines: [] });
    else sections.at(-1)?.lines.push(text);
  }
  return sections;
}

/** The sections of TCP, which stand before the others where a container asks for it. */
const TCP =
  /^(?:defaults _tcp_base|frontend _(?:tcp|tls|inner)_\d+ from _tcp_base|backend _(?:https|to_inner_\d+) from _tcp_base)$/;
/** What stands in them whatever containers say. */
const TCP_LINE =
  /^(?:mode|log|log-format|option|load-server-state-from-file|timeout|retries|maxconn|stick-table|tcp-request|use_backend|server (?:https|inner)|[.]if|[.]else|[.]endif)\b/;

/** The sections without those of TCP. */
export const withoutTcp = (sections: readonly ConfigSection[]): ConfigSection[] =>
  sections.filter(({ head }) => !TCP.test(head));

/** Lines of the sections of TCP that are neither always there nor a listener that the model has. */
function strangeTcpLines(sections: readonly ConfigSection[], { streams }: Model): string[] {
  const names = new Set(streams.listens.map(({ protocol, port }) => `${protocol}:${port}`));
  const isInner = (line: string) =>
    streams.inner.some((port) => {
      const socket = `"unix@\${SIGNALBOX_SOCKETS}/tls-${port}.sock" mode 666`;
      const [name] = [socket, `abns@signalbox-tls-${port}`].filter((each) =>
        line.startsWith(`bind ${each} `)
      );
      return name !== undefined && line.includes(` name inner:${port} accept-proxy ssl `);
    });
  const isBind = (line: string) =>
    isInner(line) || names.has(/^bind \S+ (?:v6only |v4v6 )?name (\S+)$/.exec(line)?.[1] ?? "");
  return sections.filter(({ head }) => TCP.test(head)).flatMap(({ head, lines }) =>
    lines.filter((line) => !isBind(line) && !TCP_LINE.test(line)).map((line) => `${head}: ${line}`)
  );
}

/** Every line that the model did not ask for, with its section; empty where all is as it should be. */
export function strangeLines(config: string, model: Model): string[] {
  const all = sectionsOf(config);
  const sections = withoutTcp(all);
  const isStrange = (line: string) => !BACKEND_LINES.some((allowed) => allowed.test(line));
  const servers = new Map(model.backends.map(({ name, servers }) => [`backend ${name}`, servers.length]));
  const found = strangeTcpLines(all, model);
  const heads = sections.map(({ head }) => head);
  // Where HAProxy can add backends, new ones inherit from the same defaults as those that are there.
  const hasAnswers = heads.includes("defaults _answers from _base");
  const answers = hasAnswers ? ["defaults _answers from _base"] : [];
  const front = ["global", "defaults _base", "defaults from _base", "cache _cache", "frontend _web"];
  const rates = ["1s", "10s", "60s", "3600s"].flatMap((period) => [
    `backend _rate_${period}`,
    `backend _rate_header_${period}`,
  ]);
  const counters = ["backend _now", "backend _known", "backend _wrong"];
  const begin = [
    ...front,
    ...answers,
    "peers _local",
    ...rates,
    ...counters,
    "backend _refused",
    "backend _unknown_host",
  ];
  if (heads.slice(0, begin.length).join() !== begin.join()) {
    found.push(`it begins with ${heads.slice(0, begin.length).join(", ")}`);
  }
  const isEmpty = hasAnswers
    ? /^backend _spare_\d+(?: from _tcp_base)?$/
    : /^defaults _defaults_\d+ from _(?:tcp_)?base$/;
  for (const { head, lines } of sections.slice(begin.length - 1)) {
    if (head === "backend _unknown_host") {
      // HAProxy prints the end of the line that its text has as one, so that a header follows on a line of its own.
      const own = lines.filter((line) => line !== "hdr Cache-Control no-store");
      if (own.length !== 3) found.push(`${head}: ${own.length} lines`);
      continue;
    }
    const expected = isEmpty.test(head) ? 0 : servers.get(head.replace(/ from _tcp_base$/, ""));
    const actual = lines.filter((line) => line.startsWith("server ")).length;
    if (expected !== actual) found.push(`${head}: ${actual} servers, the model has ${expected}`);
    // Backends that HAProxy adds inherit from these, and its own lines about their servers corrupt its memory.
    const isKnown = (line: string) => line === "no log" && head.startsWith("defaults _defaults_");
    const strange = lines.filter((line) => isStrange(line) && !isKnown(line));
    found.push(...strange.map((line) => `${head}: ${line}`));
  }
  if (new Set(heads).size !== heads.length) found.push("two sections have one name");
  return found;
}

/** Rows that a route may have beside its row in hosts.map, each as `TABLE WORD VALUE`. */
const ROWS: readonly RegExp[] = rows.flatMap((row) => "rows" in row ? row.rows : []);

/** Each variant begins with the key of a route of its own, and has conditions of printable text. */
const areVariants = (value: string, targets: ReadonlyMap<string, string>): boolean =>
  value.split("\u241f").every((variant) => {
    const [key = "", ...conditions] = variant.split("\u241e");
    const isCondition = (text: string) => /^(?:m|[hqc][A-Za-z0-9_-]+|s)(?:\u241d[\x20-\x7e]+)*$/.test(text);
    return targets.has(key) && conditions.length > 0 && conditions.every(isCondition);
  });

/** Hosts that are patterns stand for themselves in hosts.map, with a mark that no host has. */
const isPatternRow = (key: string, value: string): boolean =>
  /^~[a-z0-9_.*+?()[\]{}^|$-]+$/.test(value) && key === `^${value.slice(1)}$`;

/** Every row of a table that the model did not ask for; empty where all is as it should be. */
export function strangeRows(tables: Tables, model: Model): string[] {
  const backends = new Set<string>(model.backends.map(({ name }) => name));
  const { routes, streams } = model;
  const targets = new Map<string, string>(
    [...routes, ...streams.routes].map(({ key, backend }) => [key, backend]),
  );
  for (const { key } of streams.ended) targets.set(key, "_https");
  const found: string[] = [];
  for (const [table, rows] of tables) {
    for (const [key, value] of rows) {
      const id = ownerOfRow(key);
      const rest = key.slice(key.indexOf("|") + 1);
      const isRoute = table === HOSTS_MAP;
      if (table === VARIANTS_MAP && backends.has(id) && areVariants(value, targets)) continue;
      if (table === PATTERNS_MAP && isPatternRow(key, value)) continue;
      const isKnown = isRoute
        ? /^(?<name>[^|]+)\|,(?:[a-z0-9]+,)*\|\k<name>$/.exec(value)?.groups?.name === targets.get(key)
        : backends.has(id) && ROWS.some((allowed) => allowed.test(`${table} ${rest} ${value}`));
      if (!isKnown) found.push(`${table}: ${key} ${value}`);
    }
  }
  return found;
}
