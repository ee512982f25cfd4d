/** A worker of an HAProxy in memory: servers and tables, and the command line that changes and shows them. */
import type { Desired } from "../../lib/core/config/render.ts";
import type { ServerState } from "../../lib/core/runtime/operation.ts";
import type { ServerName } from "../../lib/core/values/names.ts";

/** A server as a worker has it. */
export type MemoryServer = {
  address: string;
  port: string;
  state: ServerState;
  weight: string;
  readonly initialWeight: string;
  isChecked: boolean;
  /** Requests are under way to it, so that it cannot be deleted. */
  isBusy: boolean;
};

type Rows = Map<string, string>;

const NO_SERVER = "No such server.\n";
const NO_BACKEND = "No such backend.\n";
const NO_MAP = "Unknown map identifier. Please use #<id> or <file>.\n";

/** What the files say, and each command since. It answers as HAProxy does (management guide, section 9.3). */
export class MemoryWorker {
  readonly sections = new Map<string, Map<string, MemoryServer>>();
  readonly tables = new Map<string, Rows>();
  /** Rows that are sent ahead of a swap, by version. */
  readonly #versions = new Map<string, Rows>();
  #lastVersion = 0;

  /** A worker that has loaded the files. */
  static of(desired: Desired, states: ReadonlyMap<ServerName, ServerState>): MemoryWorker {
    const worker = new MemoryWorker();
    for (const [name, { servers }] of desired.sections) {
      const own = servers.map(({ name, line }) =>
        [name, serverOf(line.split(" ").slice(1), states.get(name) ?? "ready", true)] as const
      );
      worker.sections.set(name, new Map(own));
    }
    for (const [name, rows] of desired.tables) worker.tables.set(name, new Map(rows));
    return worker;
  }

  /** The server of this name, wherever it is. */
  server(name: string): MemoryServer {
    const found = [...this.sections.values()].map((servers) => servers.get(name)).find((each) => each);
    if (found === undefined) throw new Error(`there is no server ${name}`);
    return found;
  }

  /** Does what a line says, and answers it. */
  answer(line: string): string {
    const [head = "", ...payload] = line.split("\n");
    const words = (head.match(/(?:\\.|[^ \\])+/g) ?? []).map((word) => word.replace(/\\(.)/g, "$1"));
    const [verb, what, ...rest] = words;
    switch (`${verb} ${what}`) {
      case "show servers":
        return this.#showServers(rest[1]);
      case "show backend":
        return ["# name", ...this.sections.keys()].join("\n");
      case "show map":
        return rest[0] === undefined ? this.#countRows() : this.#showRows(rest[0]);
      case "set server":
        return this.#setServer(rest);
      case "enable health":
        return this.#at(rest[0], (server) => server.isChecked = true);
      case "enable dynamic-cookie":
        return this.sections.has(rest[1] ?? "") ? "" : NO_BACKEND;
      case "add server":
        return this.#addServer(rest);
      case "del server":
        return this.#deleteServer(rest[0]);
      case "add backend":
        this.sections.set(rest[0] ?? "", new Map());
        return "New backend registered.\n";
      case "publish backend":
      case "unpublish backend":
        return this.sections.has(rest[0] ?? "") ? `Backend ${verb}ed.\n` : NO_BACKEND;
      case "del backend":
        return this.#deleteBackend(rest[0]);
      default:
        return this.#changeTable(`${verb}`, rest, payload);
    }
  }

  #at(path: string | undefined, act: (server: MemoryServer) => unknown): string {
    const [section = "", name = ""] = (path ?? "").split("/");
    const servers = this.sections.get(section);
    if (servers === undefined) return NO_BACKEND;
    const server = servers.get(name);
    if (server === undefined) return NO_SERVER;
    const said = act(server);
    return typeof said === "string" && said.endsWith("\n") ? said : "";
  }

  #setServer([path, field, value = ""]: readonly string[]): string {
    return this.#at(path, (server) => {
      if (field === "state" && (value === "ready" || value === "drain" || value === "maint")) {
        return server.state = value;
      }
      if (field === "weight") return server.weight = value;
      return `'set server <srv> ${field}' is not known here.\n`;
    });
  }

  #addServer([path = "", ...line]: readonly string[]): string {
    const [section = "", name = ""] = path.split("/");
    const servers = this.sections.get(section);
    if (servers === undefined) return NO_BACKEND;
    if (servers.has(name)) return "Already exists a server with the same name in backend.\n";
    servers.set(name, serverOf(line, "maint", false));
    return "New server registered.\n";
  }

  #deleteServer(path: string | undefined): string {
    return this.#at(path, ({ state, isBusy }) => {
      if (state !== "maint") return "Only servers in maintenance mode can be deleted.\n";
      if (isBusy) return "Server still has connections attached to it, cannot remove it.\n";
      const [section = "", name = ""] = (path ?? "").split("/");
      this.sections.get(section)?.delete(name);
      return "Server deleted.\n";
    });
  }

  #deleteBackend(name = ""): string {
    const servers = this.sections.get(name);
    if (servers === undefined) return NO_BACKEND;
    if (servers.size > 0) return "Only a backend without server can be deleted.\n";
    this.sections.delete(name);
    return "Backend deleted.\n";
  }

  #changeTable(verb: string, words: readonly string[], payload: readonly string[]): string {
    const isVersion = words[0]?.startsWith("@") === true;
    const [name = "", key = "", value = ""] = isVersion ? words.slice(1) : words;
    const rows = isVersion && verb !== "commit" ? this.#versions.get(words[0] ?? "") : this.tables.get(name);
    if (rows === undefined) return NO_MAP;
    switch (verb) {
      case "prepare":
        this.#versions.set(`@${++this.#lastVersion}`, new Map());
        return `New version created: ${this.#lastVersion}\n`;
      case "commit":
        this.tables.set(name, this.#versions.get(words[0] ?? "") ?? new Map());
        this.#versions.delete(words[0] ?? "");
        return "";
      case "add":
        for (const row of key === "<<" ? payload.filter((each) => each !== "") : [`${key} ${value}`]) {
          rows.set(row.split(" ", 1)[0] ?? "", row.slice(row.indexOf(" ") + 1));
        }
        return "";
      case "set":
      case "del":
        if (!rows.has(key)) return "entry not found.\n";
        if (verb === "set") rows.set(key, value);
        else rows.delete(key);
        return "";
      case "get":
        return findRow(rows, key);
      default:
        return `Unknown command: '${verb}'\n`;
    }
  }

  #showServers(only: string | undefined): string {
    if (only !== undefined && !this.sections.has(only)) return "Can't find backend.\n";
    const rows = [...this.sections].flatMap(([section, servers]) =>
      only !== undefined && section !== only ? [] : [...servers].map(([name, server]) => {
        const { address, port, state, weight, initialWeight, isChecked } = server;
        const admin = { ready: 0, maint: 1, drain: 8 }[state];
        const check = isChecked ? 6 : 2;
        return `3 ${section} 9 ${name} ${address} 2 ${admin} ${weight} ${initialWeight} 1 1 0 2 ${check} 0 0 0 - ${port} - 0 0 - - 0\n`;
      })
    );
    return ["1\n# be_id be_name srv_id srv_name\n", ...rows].join("");
  }

  #showRows(name: string): string {
    const rows = this.tables.get(name);
    return rows === undefined ? NO_MAP : [...rows].map(([key, value]) => `0x1 ${key} ${value}\n`).join("");
  }

  /** HAProxy counts the rows of a table in all its versions. */
  #countRows(): string {
    const ahead = [...this.#versions.values()].reduce((sum, { size }) => sum + size, 0);
    const lines = [...this.tables].map(([name, { size }], at) =>
      `${at} (${name}) pattern loaded from file '${name}' used by map at file 'h' line 1. curr_ver=0 next_ver=7 entry_cnt=${
        size + ahead
      }\n`
    );
    return ["# id (file) description\n", ...lines].join("");
  }
}

/** Words as they stand behind a server's name. */
function serverOf(
  [endpoint = "", ...words]: readonly string[],
  state: ServerState,
  isChecked: boolean,
): MemoryServer {
  const [, address = "", port = ""] = /^(.*):(\d+)$/.exec(endpoint) ?? [];
  const weight = words.includes("weight") ? words[words.indexOf("weight") + 1] ?? "1" : "1";
  return { address, port, state, weight, initialWeight: weight, isChecked, isBusy: false };
}

/** The row of the longest key with which the text begins. */
function findRow(rows: Rows, text: string): string {
  const [key] = [...rows.keys()].filter((each) => text.startsWith(each)).sort((a, b) => b.length - a.length);
  const matching = "type=beg, case=sensitive";
  return key === undefined
    ? `${matching}, found=no\n`
    : `${matching}, found=yes, idx=tree, key="${key}", value="${rows.get(key)}", type="str"\n`;
}
