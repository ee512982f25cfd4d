import type { ServerName } from "../values/names.ts";
import type { TcpPart } from "../config/tcp_part.ts";
import { featureChange } from "./config_features.ts";
import { quote } from "../values/notice.ts";
import type { SectionName } from "../runtime/operation.ts";

/** Why a change needs a reload, as data: `planChange` gives all that stand against doing it at run time. */
export type ReloadReason =
  /** Lines of global, defaults or frontend, listeners and certificates among them, come or go. */
  | {
    readonly kind: "settings";
    /** What came and went, in words. */
    readonly features?: readonly string[];
    /** Lines that these do not explain. */
    readonly added: readonly string[];
    readonly removed: readonly string[];
  }
  /** HAProxy does not listen yet where a route of TCP wants it to. */
  | { readonly kind: "new-port"; readonly ports: readonly string[] }
  /** What no command can change of a backend: its balance, options, check, rules. */
  | { readonly kind: "options"; readonly section: SectionName }
  | { readonly kind: "no-spare"; readonly section: SectionName }
  /** Never re-address a live server. */
  | { readonly kind: "live-server"; readonly server: ServerName }
  /** Its backend takes none while HAProxy runs; or it has a name, which no command takes. */
  | {
    readonly kind: "cannot-add";
    readonly server: ServerName;
    readonly section: SectionName;
    readonly host?: string;
  }
  | { readonly kind: "first-authorities"; readonly server: ServerName }
  /** An HAProxy below 2.6 cannot delete servers. */
  | { readonly kind: "cannot-delete"; readonly server: ServerName }
  /** A certificate that no command can bring: its chain is too long, or its line has other filters. */
  | { readonly kind: "certificate"; readonly file: string; readonly why: "too-long" | "other-filters" }
  | { readonly kind: "first-load" }
  /** An HAProxy that others run takes no commands. */
  | { readonly kind: "external" }
  /** What an HAProxy that was taken over has cannot be told. */
  | { readonly kind: "unclear"; readonly detail: string }
  /** SIGHUP arrived, or pages changed. */
  | { readonly kind: "asked"; readonly detail: string }
  /** HAProxy's state does not match ours, by an answer, a report, or a change that others made. */
  | { readonly kind: "diverged"; readonly detail: string };

/** A reason for people. */
export function reloadReasonText(reason: ReloadReason): string {
  switch (reason.kind) {
    case "settings":
      return settingsText(reason);
    case "new-port":
      return `HAProxy is to listen on ${reason.ports.join(", ")}`;
    case "options":
      return `options of ${reason.section} differ`;
    case "no-spare":
      return `${reason.section} is new, and no spare backend fits`;
    case "live-server":
      return `address or settings of ${reason.server} differ`;
    case "cannot-add":
      return reason.host === undefined
        ? `${reason.server} is new, and HAProxy cannot add it to ${reason.section} while it runs`
        : `${reason.server} is new, and HAProxy cannot add a server by its name (${reason.host}) while it runs`;
    case "first-authorities":
      return `${reason.server} is the first whose certificate is checked`;
    case "cannot-delete":
      return `${reason.server} is gone`;
    case "certificate":
      return `${reason.file} ${
        reason.why === "too-long" ? "is too long for a command" : "is for other names than before"
      }`;
    case "external":
      return "signalbox sends no commands to an HAProxy that others run";
    case "first-load":
      return "the first load by this signalbox";
    case "unclear":
    case "asked":
    case "diverged":
      return reason.detail;
  }
}

/** How two texts of a config's fixed part differ: by what came and went, else line by line; comments and the order of lines are not told. */
export function settingsReason(before: string, after: string): ReloadReason {
  const [had, has] = [linesOf(before), linesOf(after)];
  const { words, added, removed } = featureChange(had, has);
  return {
    kind: "settings",
    ...words.length > 0 && { features: words },
    added: added.map(withoutSecrets),
    removed: removed.map(withoutSecrets),
  };
}

/** Why listeners for TCP need a reload: one that nobody wants any more needs none. */
export function tcpReasons(running: TcpPart, desired: TcpPart): ReloadReason[] {
  if (desired.ports.size === 0) return [];
  const added = [...desired.ports.keys()].filter((name) => !running.ports.has(name));
  if (added.length > 0) return [{ kind: "new-port", ports: added.flatMap((name) => portText(name, added)) }];
  const texts = ({ rules, ports }: TcpPart) =>
    [rules, ...[...desired.ports.keys()].map((name) => ports.get(name))].join("\n");
  const [before, after] = [texts(running), texts(desired)];
  return before === after ? [] : [settingsReason(before, after)];
}

/** A new port as a reason names it: once, also where it has hosts of both kinds from the start. */
function portText(name: string, added: readonly string[]): string[] {
  const port = name.replace(/^.*_/, "");
  if (!name.startsWith("_inner_")) return [port];
  return added.includes(`_tls_${port}`) ? [] : [`${port} for TLS that it ends`];
}

/** Why a change of whom HAProxy asks for names needs a reload: where no route has a name any more, it needs none. */
export const resolversReasons = (running: string, desired: string): ReloadReason[] =>
  desired === "" || running === desired ? [] : [settingsReason(running, desired)];

const linesOf = (text: string): Set<string> =>
  new Set(
    text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#")),
  );

/** A user's own template may have secrets in it, which belong into no log. */
const withoutSecrets = (line: string): string =>
  line.replace(/\b(auth|password|insecure-password|passwd|setenv|presetenv|key)\s.*$/, "$1 …");

/** Lines that come, and lines that go, of which so many are listed. */
const MOST_LINES = 3;

type SettingsReason = Extract<ReloadReason, { kind: "settings" }>;

function settingsText(reason: SettingsReason): string {
  const { features = [], added, removed } = reason;
  const isExplained = features.length > 0 && added.length + removed.length === 0;
  const lines = isExplained ? [] : [`settings of the whole config differ${linesText(reason)}`];
  return [...features, ...lines].join("; ");
}

function linesText({ added, removed }: SettingsReason): string {
  const listed = (lines: readonly string[], what: string) => {
    if (lines.length === 0) return [];
    const more = lines.length > MOST_LINES ? ` and ${lines.length - MOST_LINES} more` : "";
    const are = lines.length === 1 ? "is" : "are";
    return [`${lines.slice(0, MOST_LINES).map(quote).join(", ")}${more} ${are} ${what}`];
  };
  const parts = [...listed(added, "new"), ...listed(removed, "gone")];
  return parts.length === 0 ? "" : `: ${parts.join("; ")}`;
}
