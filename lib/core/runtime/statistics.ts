/** Counters of a section of HAProxy's, or of one of its servers, as `show stat` has them (management guide, 9.1). */
export type Counters = {
  /** Answers since the worker began; of TCP, sessions. */
  readonly requests: number;
  /** Those of 5xx; of TCP, connections that failed. */
  readonly errors: number;
  /** Now, and how many requests wait for a server. */
  readonly sessions: number;
  readonly queued: number;
  readonly bytesOut: number;
  /** Averages over the last 1,024 requests, in milliseconds: until the answer's first byte, and of the whole request. */
  readonly answerMs: number;
  readonly totalMs: number;
};

/** A server in the statistics. */
export type ServerCounters = Counters & {
  /** HAProxy's word: `UP`, `DOWN`, `MAINT`, `DRAIN`, `no check`. */
  readonly status: string;
};

/** A section of the statistics, with its servers by name. */
export type SectionCounters = Counters & { readonly servers: ReadonlyMap<string, ServerCounters> };

/** What HAProxy counts: all clients together, and each section that has servers, by name. */
export type Statistics = {
  readonly clients: Counters;
  readonly sections: ReadonlyMap<string, SectionCounters>;
};

/** Asks for frontends, backends and servers. */
export const STATISTICS_QUESTION = "show stat -1 7 -1";

/** Where signalbox itself asks. */
const OWN_FRONTEND = "_metrics";

/** Reads the answer, columns by their names: HAProxy puts new ones at the end. */
export function parseStatistics(text: string): Statistics {
  const [head = "", ...lines] = text.split("\n");
  const columns = columnsOf(head.replace(/^# /, "").split(","));
  const sections = new Map<string, SectionCounters>();
  let servers = new Map<string, ServerCounters>();
  let clients = NONE;
  for (const line of lines) {
    if (line === "") continue;
    const row = line.split(",", columns.most);
    const [section = "", name = ""] = row;
    if (name === "FRONTEND") {
      if (section !== OWN_FRONTEND) clients = plus(clients, countersOf(row, columns));
    } else if (name === "BACKEND") {
      // The section's own line stands below those of its servers.
      if (servers.size > 0) sections.set(section, { ...countersOf(row, columns), servers });
      servers = new Map();
    } else {
      servers.set(name, { ...countersOf(row, columns), status: row[columns.status] ?? "" });
    }
  }
  return { clients, sections };
}

const NONE: Counters = {
  requests: 0,
  errors: 0,
  sessions: 0,
  queued: 0,
  bytesOut: 0,
  answerMs: 0,
  totalMs: 0,
};

const CLASSES = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"];

type Columns = ReturnType<typeof columnsOf>;

function columnsOf(names: readonly string[]) {
  const at = (name: string) => names.indexOf(name);
  const found = {
    classes: CLASSES.map(at),
    errors: at("hrsp_5xx"),
    failed: at("econ"),
    wrong: at("eresp"),
    sessionsTotal: at("stot"),
    sessions: at("scur"),
    queued: at("qcur"),
    bytesOut: at("bout"),
    answerMs: at("rtime"),
    totalMs: at("ttime"),
    status: at("status"),
  };
  return { ...found, most: 1 + Math.max(...Object.values(found).flat()) };
}

function countersOf(row: readonly string[], columns: Columns): Counters {
  const number = (column: number) => Number(row[column] ?? "") || 0;
  // Only HTTP has answers.
  const isHttp = row[columns.errors] !== "";
  let answers = 0;
  for (const column of columns.classes) answers += number(column);
  return {
    requests: isHttp ? answers : number(columns.sessionsTotal),
    errors: isHttp ? number(columns.errors) : number(columns.failed) + number(columns.wrong),
    sessions: number(columns.sessions),
    queued: number(columns.queued),
    bytesOut: number(columns.bytesOut),
    answerMs: number(columns.answerMs),
    totalMs: number(columns.totalMs),
  };
}

const plus = (a: Counters, b: Counters): Counters => ({
  requests: a.requests + b.requests,
  errors: a.errors + b.errors,
  sessions: a.sessions + b.sessions,
  queued: a.queued + b.queued,
  bytesOut: a.bytesOut + b.bytesOut,
  answerMs: 0,
  totalMs: 0,
});
