import { summarize } from "../plan/operation_summary.ts";
import { reloadReasonText } from "../plan/reload_reason.ts";
import { count } from "../values/count.ts";
import type { Event, EventLevel, EventOf } from "./event.ts";

/** Further data of an event, as the JSON log shows it. */
type Fields = Readonly<Record<string, unknown>>;

type Row<E extends Event> = {
  readonly level: EventLevel | ((event: E) => EventLevel);
  readonly words: (event: E) => string;
  readonly fields: (event: E) => Fields;
};

/** Reasons that a line of the log has room for. */
const MOST_REASONS = 5;
const none = (): Fields => ({});

/** What is told of each event: its level, its words, and its fields in the JSON log. */
export const EVENTS = {
  "starting": {
    level: "info",
    words: ({ version }) => `signalbox ${version} starts`,
    fields: ({ stateDir, listeners }) => ({ stateDir, listeners }),
  },
  "taking-over": {
    level: "info",
    words: () => "taking over from the signalbox that runs here",
    fields: ({ pid }) => ({ pid }),
  },
  "rereading": {
    level: "info",
    words: () => "SIGHUP: signalbox reads settings, templates and containers again",
    fields: none,
  },
  "settings-refused": {
    level: "error",
    words: ({ why }) => `${why}; signalbox keeps its settings`,
    fields: none,
  },
  "status-unavailable": {
    level: "error",
    words: ({ why }) => `status endpoint failed: ${why}; retrying`,
    fields: ({ why }) => ({ why }),
  },
  "handed-over": {
    level: "info",
    words: () => "another signalbox takes over; HAProxy keeps running",
    fields: none,
  },
  "stopping": {
    level: "info",
    words: () => "stopping; HAProxy finishes requests under way",
    fields: none,
  },
  "stopped": { level: "info", words: () => "stopped", fields: none },

  "engine-found": {
    level: "info",
    words: ({ source }) => `connected to Docker at ${source}`,
    fields: ({ engine, source }) => ({ engine, source }),
  },
  "engine-readable": {
    level: "info",
    words: ({ source }) => `Docker at ${source} can be read again`,
    fields: ({ source }) => ({ source }),
  },
  "engine-lost": {
    level: "error",
    words: ({ source, why }) =>
      `cannot follow Docker at ${source}: ${why}; HAProxy keeps its routes, signalbox retries`,
    fields: ({ source, why }) => ({ source, why }),
  },
  "snapshot-unreadable": {
    level: "error",
    words: ({ source, why }) => `cannot use the snapshot ${source}: ${why}; HAProxy keeps its routes`,
    fields: ({ source, why }) => ({ source, why }),
  },
  "container-unreadable": {
    level: "warn",
    words: ({ container, source, why }) => `cannot read container ${container} of ${source}: ${why}`,
    fields: ({ container, source, why }) => ({ container, source, why }),
  },
  "container-survived": {
    level: "warn",
    words: ({ container }) => `container ${container} was told to stop and still runs: it gets traffic again`,
    fields: ({ container }) => ({ container }),
  },
  "container-unlisted": {
    level: "warn",
    words: ({ container, source }) =>
      `${source} no longer lists container ${container}, which still answers: signalbox keeps its routes`,
    fields: ({ container, source }) => ({ container, source }),
  },

  "haproxy-started": {
    level: "info",
    words: () => "started HAProxy",
    fields: ({ pid, version }) => ({ pid, version }),
  },
  "adopted": {
    level: "info",
    words: () => "adopted the running HAProxy",
    fields: ({ pid, version }) => ({ pid, version }),
  },
  "haproxy-listening": {
    level: "info",
    words: ({ listeners }) => `HAProxy listens on ${listeners}`,
    fields: ({ listeners }) => ({ listeners }),
  },
  "haproxy-lost": {
    level: "error",
    words: ({ how }) => `HAProxy ended by itself (${how}); signalbox starts it again`,
    fields: ({ how }) => ({ how }),
  },
  "haproxy-cut-off": {
    level: "error",
    words: () => "HAProxy runs without its sockets; signalbox ends it and starts it again",
    fields: none,
  },
  "haproxy-printed": {
    level: ({ level }) => level,
    words: ({ line }) => `haproxy: ${line}`,
    fields: none,
  },
  "config-warned": { level: "warn", words: ({ message }) => `haproxy -c: ${message}`, fields: none },
  "copy-failed": {
    level: "error",
    words: ({ path, why }) => `cannot copy the config to ${path}: ${why}; HAProxy has it all the same`,
    fields: ({ path, why }) => ({ path, why }),
  },
  "pid-file-failed": {
    level: "error",
    words: ({ path, why }) => `cannot write --pid-file ${path}: ${why}`,
    fields: ({ path, why }) => ({ path, why }),
  },

  "access-log-lost": {
    level: "warn",
    words: ({ lines }) => `lost ${count(lines, "line")} of the access log: HAProxy wrote faster than we read`,
    fields: ({ lines }) => ({ lines }),
  },
  "access-log-gap": {
    level: "warn",
    words: ({ after }) =>
      `lost lines of the access log${after === undefined ? "" : ` after ${after}`}: ` +
      `HAProxy overwrote them before they were read`,
    fields: ({ after }) => ({ after }),
  },
  "access-log-unmarked": {
    level: "warn",
    words: ({ lines }) =>
      `may have lost lines of the access log: the signalbox before left no mark, and ` +
      `${count(lines, "line")} may be unread`,
    fields: ({ lines }) => ({ lines }),
  },

  "read-back": {
    level: "info",
    words: () => "read back what the running HAProxy has; no reload needed",
    fields: ({ routes, spares }) => ({ routes, spares }),
  },
  "changed": {
    level: "info",
    words: ({ isMeanwhile }) =>
      `changed HAProxy at run time${isMeanwhile ? "; other changes need a reload" : ""}`,
    fields: ({ operations, sinceEventMs }) => ({ ...summarize(operations), sinceEventMs }),
  },
  "reloaded": {
    level: "info",
    words: () => "reloaded HAProxy",
    fields: ({ reasons, sinceEventMs }) => ({
      reasons: reasons.slice(0, MOST_REASONS).map(reloadReasonText),
      sinceEventMs,
    }),
  },
  "reload-waits": {
    level: "warn",
    words: ({ waitMs }) =>
      `the next reload waits ${
        count(Math.ceil(waitMs / 1_000), "second")
      }, since there were many; SIGHUP reloads at once`,
    fields: ({ reasons, waitMs }) => ({
      reasons: reasons.slice(0, MOST_REASONS).map(reloadReasonText),
      waitMs,
    }),
  },
  "drained": {
    level: "info",
    words: () => "drained servers whose containers stop or may have moved",
    fields: ({ servers, sinceEventMs }) => ({ servers, sinceEventMs }),
  },
  "restored": {
    level: "info",
    words: () => "servers get traffic again: their containers live on",
    fields: ({ servers }) => ({ servers }),
  },
  "diverged": {
    level: "warn",
    words: ({ detail }) => `HAProxy's state does not match ours (${detail}); reloading`,
    fields: ({ detail }) => ({ detail }),
  },
  "drifted": {
    level: "warn",
    words: ({ detail }) => `HAProxy drifted: ${detail}; signalbox corrects it`,
    fields: ({ detail }) => ({ detail }),
  },
  "behind": {
    level: "error",
    words: ({ why, isServing }) =>
      `${why}; ${isServing ? "HAProxy keeps the last good config, " : ""}signalbox retries`,
    fields: none,
  },
  "in-step": { level: "info", words: () => "HAProxy is in step again", fields: none },
  "no-traffic": {
    level: "info",
    words: ({ container, why }) => `${container} gets no traffic yet: ${why}`,
    fields: ({ server }) => ({ server }),
  },
} satisfies { readonly [Kind in Event["kind"]]: Row<EventOf<Kind>> };

/** An event in words. */
export type ToldEvent = {
  readonly event: Event["kind"];
  readonly level: EventLevel;
  readonly text: string;
  readonly fields: Fields;
};

/** Puts an event into words. */
export function putIntoWords(event: Event): ToldEvent {
  const { level, words, fields } = EVENTS[event.kind] as Row<Event>;
  return {
    event: event.kind,
    level: typeof level === "function" ? level(event) : level,
    text: words(event),
    fields: fields(event),
  };
}
