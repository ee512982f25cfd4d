import { summarize } from "../plan/operation_summary.ts";
import { reloadReasonText } from "../plan/reload_reason.ts";
import { ACME_EVENTS } from "./acme_event_words.ts";
import { PROGRAM_EVENTS } from "./program_event_words.ts";
import type { Operation } from "../runtime/operation.ts";
import { type ServedChanges, servedFields, servedWords } from "./served_changes.ts";
import { count } from "../values/count.ts";
import type { Event, EventLevel, EventOf } from "./event.ts";

/** Further data of an event, as the JSON log shows it. */
export type Fields = Readonly<Record<string, unknown>>;

/** What one row says of an event. */
export type Row<E extends Event> = {
  /** For docs/observing.md. */
  readonly meaning: string;
  readonly level: EventLevel | ((event: E) => EventLevel);
  readonly words: (event: E) => string;
  readonly fields: (event: E) => Fields;
};

/** Reasons that a line of the log has room for. */
const MOST_REASONS = 5;
/** Servers and routes likewise, where nothing else can be said. */
const MOST_NAMED = 3;
const none = (): Fields => ({});

const wordsOf = (served: ServedChanges | undefined, words?: Parameters<typeof servedWords>[1]): string =>
  served === undefined ? "" : servedWords(served, words);
const fieldsOf = (served: ServedChanges | undefined): Fields =>
  served === undefined ? {} : servedFields(served);

/** A change of rules, weights or certificates: what it was for. */
function otherwise(operations: readonly Operation[]): string {
  const { of } = summarize(operations);
  const more = of.length > MOST_NAMED ? ` and ${of.length - MOST_NAMED} more` : "";
  return `changed HAProxy at run time${
    of.length === 0 ? "" : `: ${of.slice(0, MOST_NAMED).join(", ")}${more}`
  }`;
}

/** One row says all about an event: its meaning, level, words, and fields in the JSON log. */
export const EVENTS = {
  ...PROGRAM_EVENTS,

  "engine-found": {
    meaning: "an engine's events come in",
    level: "info",
    words: ({ source }) => `connected to Docker at ${source}`,
    fields: ({ engine, source }) => ({ engine, source }),
  },
  "engine-readable": {
    meaning: "an engine's answers are short enough again",
    level: "info",
    words: ({ source }) => `Docker at ${source} can be read again`,
    fields: ({ source }) => ({ source }),
  },
  "engine-lost": {
    meaning: "an engine cannot be followed",
    level: "error",
    words: ({ source, why }) =>
      `cannot follow Docker at ${source}: ${why}; HAProxy keeps its routes, signalbox retries`,
    fields: ({ source, why }) => ({ source, why }),
  },
  "swarm-found": {
    meaning: "a manager tells of its Swarm, or does so again",
    level: "info",
    words: ({ source, nodes, services }) =>
      `${source} tells of its Swarm: ${count(nodes, "node")}, ${count(services, "service")}`,
    fields: ({ source, nodes, services }) => ({ source, nodes, services }),
  },
  "swarm-lost": {
    meaning: "no manager tells of a Swarm, as where none leads it",
    level: "error",
    words: ({ source, why }) =>
      `cannot read the Swarm of ${source}: ${why}; HAProxy keeps the routes of its tasks, signalbox retries`,
    fields: ({ source, why }) => ({ source, why }),
  },
  "snapshot-unreadable": {
    meaning: "the file of `--snapshot` cannot be used",
    level: "error",
    words: ({ source, why }) => `cannot use the snapshot ${source}: ${why}; HAProxy keeps its routes`,
    fields: ({ source, why }) => ({ source, why }),
  },
  "container-unreadable": {
    meaning: "Docker's data of a container cannot be used",
    level: "warn",
    words: ({ container, source, why }) => `cannot read container ${container} of ${source}: ${why}`,
    fields: ({ container, source, why }) => ({ container, source, why }),
  },
  "container-late": {
    meaning: "an engine did not describe a container in time",
    level: "warn",
    words: ({ container, source }) =>
      `${source} did not describe container ${container} in time: its routes stay as they were`,
    fields: ({ container, source }) => ({ container, source }),
  },
  "container-survived": {
    meaning: "a container was told to stop and still runs",
    level: "warn",
    words: ({ container }) => `container ${container} was told to stop and still runs: it gets traffic again`,
    fields: ({ container }) => ({ container }),
  },
  "container-unlisted": {
    meaning: "a container answers, and its engine does not list it",
    level: "warn",
    words: ({ container, source }) =>
      `${source} no longer lists container ${container}, which still answers: signalbox keeps its routes`,
    fields: ({ container, source }) => ({ container, source }),
  },

  "haproxy-started": {
    meaning: "signalbox started HAProxy",
    level: "info",
    words: () => "started HAProxy",
    fields: ({ pid, version }) => ({ pid, version }),
  },
  "adopted": {
    meaning: "signalbox took over a running HAProxy",
    level: "info",
    words: () => "adopted the running HAProxy",
    fields: ({ pid, version }) => ({ pid, version }),
  },
  "haproxy-listening": {
    meaning: "what HAProxy listens on",
    level: "info",
    words: ({ listeners }) => `HAProxy listens on ${listeners}`,
    fields: ({ listeners }) => ({ listeners }),
  },
  "listeners-gone": {
    meaning:
      "the HAProxy that was taken over has listeners that no setting asks for: `closes` names them, `keeps` the others",
    level: "warn",
    words: ({ closes, keeps }) =>
      `HAProxy listens on ${closes}, which no setting asks for any more: the next reload closes that, and keeps ` +
      `${keeps || "nothing"} (to run beside another signalbox takes a --state-dir of its own)`,
    fields: ({ closes, keeps }) => ({ closes, keeps }),
  },
  "haproxy-lost": {
    meaning: "HAProxy ended by itself",
    level: "error",
    words: ({ how }) => `HAProxy ended by itself (${how}); signalbox starts it again`,
    fields: ({ how }) => ({ how }),
  },
  "haproxy-cut-off": {
    meaning: "HAProxy runs, and its sockets are gone",
    level: "error",
    words: () => "HAProxy runs without its sockets; signalbox ends it and starts it again",
    fields: none,
  },
  "haproxy-printed": {
    meaning: "a message of HAProxy",
    level: ({ level }) => level,
    words: ({ line }) => `haproxy: ${line}`,
    fields: none,
  },
  "config-warned": {
    meaning: "HAProxy accepts the configuration and warns",
    level: "warn",
    words: ({ message }) => `haproxy -c: ${message}`,
    fields: none,
  },
  "copy-failed": {
    meaning: "the copy of `--config` cannot be written",
    level: "error",
    words: ({ path, why }) => `cannot copy the config to ${path}: ${why}; HAProxy has it all the same`,
    fields: ({ path, why }) => ({ path, why }),
  },
  "pid-file-failed": {
    meaning: "`--pid-file` cannot be written",
    level: "error",
    words: ({ path, why }) => `cannot write --pid-file ${path}: ${why}`,
    fields: ({ path, why }) => ({ path, why }),
  },

  ...ACME_EVENTS,

  "access-log-lost": {
    meaning:
      "lines of the access log were lost; `lines` says how many are known: in a flood of some 9,000 a second it may be more",
    level: "warn",
    words: ({ lines }) => `lost ${count(lines, "line")} of the access log: HAProxy wrote faster than we read`,
    fields: ({ lines }) => ({ lines }),
  },
  "access-log-gap": {
    meaning: "an unknown number of lines of the access log was lost",
    level: "warn",
    words: ({ after }) =>
      `lost lines of the access log${after === undefined ? "" : ` after ${after}`}: ` +
      `HAProxy overwrote them before they were read`,
    fields: ({ after }) => ({ after }),
  },
  "access-log-unmarked": {
    meaning: "after a takeover, lines of the access log may be lost",
    level: "warn",
    words: ({ lines }) =>
      `may have lost lines of the access log: the signalbox before left no mark, and ` +
      `${count(lines, "line")} may be unread`,
    fields: ({ lines }) => ({ lines }),
  },

  "read-back": {
    meaning: "an adopted HAProxy needs no reload",
    level: "info",
    words: () => "read back what the running HAProxy has; no reload needed",
    fields: ({ routes, spares }) => ({ routes, spares }),
  },
  "changed": {
    meaning: "commands changed HAProxy",
    level: "info",
    words: ({ operations, served, isMeanwhile }) =>
      `${wordsOf(served) || otherwise(operations)}${isMeanwhile ? "; other changes need a reload" : ""}`,
    fields: ({ operations, served, sinceEventMs }) => ({
      ...summarize(operations),
      ...fieldsOf(served),
      sinceEventMs,
    }),
  },
  "reloaded": {
    meaning: "HAProxy was reloaded; `reasons` says why",
    level: "info",
    words: ({ served }) => ["reloaded HAProxy", wordsOf(served)].filter((text) => text !== "").join(": "),
    fields: ({ reasons, served, sinceEventMs }) => ({
      reasons: reasons.slice(0, MOST_REASONS).map(reloadReasonText),
      ...fieldsOf(served),
      sinceEventMs,
    }),
  },
  "reload-waits": {
    meaning: "a reload that containers force waits, since there were many",
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
    meaning: "servers get no new requests: their containers stop",
    level: "info",
    words: ({ served }) =>
      wordsOf(served, { held: "drained" }) || "drained servers whose containers stop or may have moved",
    fields: ({ servers, served, sinceEventMs }) => ({ servers, ...fieldsOf(served), sinceEventMs }),
  },
  "restored": {
    meaning: "drained servers get requests again",
    level: "info",
    words: ({ served }) =>
      wordsOf(served, { ready: "restored" }) || "servers get traffic again: their containers live on",
    fields: ({ servers, served }) => ({ servers, ...fieldsOf(served) }),
  },
  "diverged": {
    meaning: "HAProxy answered otherwise than expected; a reload follows",
    level: "warn",
    words: ({ detail }) => `HAProxy's state does not match ours (${detail}); reloading`,
    fields: ({ detail }) => ({ detail }),
  },
  "drifted": {
    meaning: "somebody else changed HAProxy; signalbox corrects it",
    level: "warn",
    words: ({ detail }) => `HAProxy drifted: ${detail}; signalbox corrects it`,
    fields: ({ detail }) => ({ detail }),
  },
  "behind": {
    meaning: "HAProxy does not have what the containers ask for",
    level: "error",
    words: ({ why, isServing }) =>
      `${why}; ${isServing ? "HAProxy keeps the last good config, " : ""}signalbox retries`,
    fields: none,
  },
  "in-step": {
    meaning: "HAProxy has again what the containers ask for",
    level: "info",
    words: () => "HAProxy is in step again",
    fields: none,
  },
  "no-traffic": {
    meaning: "a container does not answer its probe",
    level: "info",
    words: ({ container, why }) => `${container} gets no traffic yet: ${why}`,
    fields: ({ container, server, why }) => ({ container, server, why }),
  },
} satisfies { readonly [Kind in Event["kind"]]: Row<EventOf<Kind>> };
