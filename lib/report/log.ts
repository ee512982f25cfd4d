import pino from "pino";
import type { LogFormat, LogLevel } from "../core/settings/setting_values.ts";
import { formatNotice, messageLine, type Notice, onOneLine } from "../core/values/notice.ts";
import { parseAccessLine } from "../core/runtime/access_line.ts";
import { putIntoWords } from "../core/status/put_into_words.ts";
import { History } from "../core/status/history.ts";
import { Tally } from "../core/status/tally.ts";
import type { Clock, Reporter } from "../ports.ts";
import { RefusedRequests, untoldInWords } from "./refused_requests.ts";

/** Writes one line, without its line break. */
export type LineWriter = (line: string) => void;

/** A log that knows its last events. */
export type Log = Reporter & {
  readonly history: History;
  /** What was counted of all events. */
  readonly tally: Tally;
  /** Hears the lines of the access log too, while somebody wants to know. */
  onRequests: ((lines: readonly string[]) => void) | undefined;
};

/** The program's log: pino's JSON lines, or the same as text for people. */
export function createReporter(
  format: LogFormat,
  level: LogLevel,
  write: LineWriter,
  clock: Clock,
): Log {
  const now = () => clock.date().toISOString();
  const history = new History();
  const tally = new Tally();
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${now()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(format === "json" ? onOneLine(line.trimEnd()) : textLine(line)) },
  );
  let told = new Set<string>();
  // No event: a flood would push those out that are kept.
  const refused = new RefusedRequests(clock, (untold) => {
    const { text, lines } = untoldInWords(untold);
    logger.info({ kind: "refusals", lines, statuses: Object.fromEntries(untold) }, text);
  });
  const log: Log = {
    history,
    tally,
    onRequests: undefined,
    tell(event) {
      const told = putIntoWords(event);
      history.note(told, clock.date());
      tally.hear(event);
      logger[told.level]({ event: told.event, ...told.fields }, told.text);
    },
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    requests(all) {
      log.onRequests?.(all);
      if (!logger.isLevelEnabled("info")) return;
      const lines = refused.take(all);
      if (lines.length === 0) return;
      const time = now();
      // As pino would, but for many at once: a busy proxy has more of these lines than of all others together.
      const tell = format === "json"
        ? (msg: string) =>
          onOneLine(JSON.stringify({ level: "info", time, kind: "access", ...parseAccessLine(msg), msg }))
        : (msg: string) => textLine(JSON.stringify({ level: "info", time, msg }));
      write(lines.map(tell).join("\n"));
    },
    notices(notices) {
      const standing = new Map(notices.map((notice) => [textOf(notice), notice]));
      for (const [text, notice] of standing) {
        if (!told.has(text)) tell(logger, notice);
      }
      told = new Set(standing.keys());
    },
  };
  return log;
}

/** The texts of notices that stand: they are the very same objects in each pass, and there may be thousands. */
const texts = new WeakMap<Notice, string>();

function textOf(notice: Notice): string {
  const before = texts.get(notice);
  if (before !== undefined) return before;
  const text = formatNotice(notice);
  texts.set(notice, text);
  return text;
}

function tell(logger: pino.Logger, notice: Notice): void {
  const fields = { container: notice.subject, code: notice.code };
  const text = `${notice.subject}: ${messageLine(notice)}`;
  if (notice.severity === "warning") logger.warn(fields, text);
  else logger.info(fields, text);
}

/** Fields of a change for scripts: where people are told which containers came and went, they need none of these. */
const OF_CHANGES: ReadonlySet<string> = new Set(["changes", "more", "operations", "of", "servers"]);

/** `15:04:05.123 WARN  web: …  key=value`; control and direction marks are spelt out, wherever they come from. */
function textLine(json: string): string {
  const { level, time, msg, event, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  // The words of an event say most of it already.
  const isSaid = (name: string, value: unknown) =>
    event !== undefined &&
    ("changes" in fields && OF_CHANGES.has(name) || String(msg).includes(String(value)));
  const rest = Object.entries(fields).filter(([name, value]) => !isSaid(name, value)).map(([name, value]) =>
    ` ${name}=${JSON.stringify(value)}`
  ).join("");
  const message = JSON.stringify(String(msg)).slice(1, -1).replaceAll('\\"', '"').replaceAll("\\\\", "\\");
  return onOneLine(`${clock} ${String(level).toUpperCase().padEnd(5)} ${message}${rest}`);
}
