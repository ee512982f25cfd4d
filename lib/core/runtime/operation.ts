import type { ServerName } from "../values/names.ts";
import { HOSTS_MAP, type Table, type TableKey, type TableName, type TableValue } from "../values/table.ts";
import {
  addRowCommand,
  commitCommand,
  deleteRowCommand,
  fillCommands,
  prepareCommand,
  setRowCommand,
} from "./map_commands.ts";
import {
  type CertificateChange,
  certificateCommands,
  isCertificateDone,
  isNamedStill,
} from "./certificate_commands.ts";
import { weightOf } from "./server_line.ts";

/**
 * Whether a server may have traffic: `maint` finishes what it has and gets nothing new, `drain` gets the requests of clients
 * alone that have its cookie.
 */
export type ServerState = "ready" | "drain" | "maint";

/** The name of a backend section in the running config: a host's own, a spare's, or that of a host which is gone. */
export type SectionName = string;

/** One change of the running HAProxy. */
export type Operation =
  /** Makes a backend with the options of a `defaults` section; nothing leads to it before it is published. */
  | { readonly kind: "add-backend"; readonly section: SectionName; readonly defaults: string }
  | { readonly kind: "publish-backend"; readonly section: SectionName }
  | { readonly kind: "unpublish-backend"; readonly section: SectionName }
  /** Removes a backend that is not published and has no servers; refused while requests are in it, and repeated. */
  | { readonly kind: "delete-backend"; readonly section: SectionName }
  /** Adds a server, in maintenance; the line is what stands after `server` in the file. */
  | {
    readonly kind: "add-server";
    readonly section: SectionName;
    readonly server: ServerName;
    readonly line: string;
  }
  /** Makes the cookies of a section's servers anew: below 3.0, a server that was added has none (tried on 2.6). */
  | { readonly kind: "renew-cookies"; readonly section: SectionName }
  | {
    readonly kind: "set-state";
    readonly section: SectionName;
    readonly server: ServerName;
    readonly state: ServerState;
  }
  /** Changes the weight alone; the line is the server's with it. */
  | {
    readonly kind: "set-weight";
    readonly section: SectionName;
    readonly server: ServerName;
    readonly line: string;
  }
  /** In hosts.map the value of a row names the section that its route leads to now. */
  | RowChange
  | { readonly kind: "delete-row"; readonly table: TableName; readonly key: TableKey }
  /** Replaces all rows of a table at once. */
  | TableSwap
  | CertificateChange
  /** Removes a server in maintenance; HAProxy refuses while it has connections, and a pass repeats it. */
  | { readonly kind: "delete-server"; readonly section: SectionName; readonly server: ServerName };

/** A new row, or a row that gets another value. */
export type RowChange = {
  readonly kind: "add-row" | "set-row";
  readonly table: TableName;
  readonly key: TableKey;
  readonly value: TableValue;
};

/** All rows of a table; `version` is the number of the version that HAProxy has already, ready for the commit. */
export type TableSwap = {
  readonly kind: "swap-table";
  readonly table: TableName;
  readonly rows: Table;
  /** Rows that a user's own template adds to ours. */
  readonly others: Table;
  readonly version?: number;
};

/** The lines that are sent to HAProxy's socket for an operation (management guide, section 9.3). */
export function runtimeCommands(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case "add-backend":
      return [`add backend ${operation.section} from ${operation.defaults}`];
    case "publish-backend":
      return [`publish backend ${operation.section}`];
    case "unpublish-backend":
      return [`unpublish backend ${operation.section}`];
    case "delete-backend":
      return [`del backend ${operation.section}`];
    case "add-server":
      return [`add server ${operation.section}/${operation.line}`];
    case "renew-cookies":
      return [`enable dynamic-cookie backend ${operation.section}`];
    case "set-state": {
      const server = `${operation.section}/${operation.server}`;
      const set = `set server ${server} state ${operation.state}`;
      // An added server has its check switched off. `enable health` starts the check together with the traffic, and the
      // server is up until it fails. A check before the container runs would find the address out of reach, for a
      // second (ARP).
      return operation.state === "ready" ? [`enable health ${server}`, set] : [set];
    }
    case "set-weight":
      return [`set server ${operation.section}/${operation.server} weight ${weightOf(operation.line)}`];
    case "delete-server":
      return [`del server ${operation.section}/${operation.server}`];
    case "add-row":
      return [addRowCommand(operation.table, operation.key, operation.value)];
    case "set-row":
      return [setRowCommand(operation.table, operation.key, operation.value)];
    case "delete-row":
      return [deleteRowCommand(operation.table, operation.key)];
    case "swap-table":
      return swapCommands(operation);
    case "add-certificate":
    case "set-certificate":
    case "delete-certificate":
    case "add-named":
    case "set-named":
    case "delete-named":
      return certificateCommands(operation);
  }
}

/** Where the version is filled already, the commit alone; else the whole swap, for people, with 1 as the version. */
function swapCommands({ table, rows, others, version }: TableSwap): readonly string[] {
  if (version !== undefined) return [commitCommand(table, version)];
  return [
    prepareCommand(table),
    ...fillCommands(table, 1, new Map([...others, ...rows])),
    commitCommand(table, 1),
  ];
}

/** What a reply means: done; to be repeated later; or HAProxy's state differs from what signalbox knows of it. */
export type Reply = "done" | "later" | "diverged";

/** Notices about earlier commands, which HAProxy 3.4 may put before an answer. */
const NOTICE = /^(Server|Backend|backend|Health check) /;

/** Reads the replies of a batch operation by operation, and removes them from `replies`; `said` is for people. */
export function* takeReplies(
  operations: readonly Operation[],
  replies: string[],
): Generator<{ readonly operation: Operation; readonly reply: Reply; readonly said: string }> {
  for (const operation of operations) {
    const lines = runtimeCommands(operation);
    const own = replies.splice(0, lines.length);
    const said = `"${withoutValue(operation, lines)}" was answered with "${own.join(" ").trim()}"`;
    yield { operation, reply: readReplies(operation, own), said };
  }
}

/** A command for people, without the value of a row: it may be a secret or very long, but not in hosts.map. */
function withoutValue(operation: Operation, [line = ""]: readonly string[]): string {
  // The key of a certificate follows in the next lines.
  if ("file" in operation) return line.split("\n", 1)[0] ?? "";
  const hasValue = "value" in operation && operation.table !== HOSTS_MAP;
  return hasValue ? `${line.split(" ", 2).join(" ")} ${operation.table} ${operation.key} …` : line;
}

/** Reads the replies to an operation's lines, strictly: any unknown reply is a divergence. */
export function readReplies(operation: Operation, replies: readonly string[]): Reply {
  if ("file" in operation) {
    if (isNamedStill(operation, replies)) return "later";
    return isCertificateDone(operation, replies) ? "done" : "diverged";
  }
  const answers = replies.map(answerOf);
  const [answer] = answers;
  if (answers.length !== runtimeCommands(operation).length || answer === undefined) return "diverged";
  switch (operation.kind) {
    case "add-server":
      return answer === "New server registered." ? "done" : "diverged";
    case "add-backend":
      return answer === "New backend registered." ? "done" : "diverged";
    case "publish-backend":
      return answer === "Backend published." ? "done" : "diverged";
    case "unpublish-backend":
      return answer === "Backend unpublished." ? "done" : "diverged";
    case "delete-backend":
      if (answer === "Backend deleted.") return "done";
      return /^(Only a backend without server can be|Backend still has attached)/.test(answer)
        ? "later"
        : "diverged";
    case "delete-server":
      if (answer === "Server deleted.") return "done";
      return /still has connections attached/.test(answer) ? "later" : "diverged";
    default:
      return answers.every((each) => each === "") ? "done" : "diverged";
  }
}

/** The last line of a reply, where all before it are notices. */
function answerOf(reply: string): string | undefined {
  const notices = reply.trim().split("\n");
  const answer = notices.pop();
  return notices.every((line) => NOTICE.test(line)) ? answer : undefined;
}
