import type { Desired } from "../core/config/render.ts";
import type { Capabilities } from "../core/plan/capabilities.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import { parseServerStates, type ReportedServer } from "../core/state/survey.ts";
import type { ServerName } from "../core/values/names.ts";
import type { HaproxyControl, Outcome } from "../ports.ts";

type States = ReadonlyMap<ServerName, ServerState>;
type Server = { readonly line: string; readonly state: string };

const APPLIED: Promise<Outcome> = Promise.resolve({ kind: "applied" });

/** Stands for HAProxy in a rehearsal: it has servers, and answers what is said of them. There is no process behind it. */
export class RehearsedHaproxy implements HaproxyControl {
  /** What it was told, in order. */
  readonly told: string[] = [];
  loads = 0;
  #servers = new Map<string, Server>();

  constructor(readonly capabilities: Capabilities) {}

  load({ sections }: Desired, states: States): Promise<Outcome> {
    this.loads++;
    this.#servers = new Map(
      [...sections].flatMap(([section, { servers }]) =>
        servers.map(({ name, line }) =>
          [`${section}/${name}`, { line, state: states.get(name) ?? "ready" }] as const
        )
      ),
    );
    return APPLIED;
  }

  send(lines: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(lines.map((line) => this.#answer(line)));
  }

  reportServers(section?: string): Promise<readonly ReportedServer[]> {
    return Promise.resolve(parseServerStates(this.#show(section)));
  }

  #answer(line: string): string {
    const [verb, what, path = "", , value = ""] = line.split(" ");
    if (verb === "show") return this.#show(line.split(" ")[3]);
    this.told.push(line);
    const server = this.#servers.get(path);
    if (verb === "add" && what === "server") {
      this.#servers.set(path, { line: line.slice(line.indexOf("/") + 1), state: "maint" });
      return "New server registered.\n";
    }
    if (verb === "del" && what === "server") {
      this.#servers.delete(path);
      return "Server deleted.\n";
    }
    if (verb === "set" && server !== undefined) this.#servers.set(path, { ...server, state: value });
    return "";
  }

  /** As `show servers state` prints them (management guide, section 9.3), as far as it is read. */
  #show(only: string | undefined): string {
    return [...this.#servers].flatMap(([path, { line, state }]) => {
      const [section = "", name = ""] = path.split("/");
      if (only !== undefined && section !== only) return [];
      const [, endpoint = ""] = line.split(" ");
      const [, address = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(endpoint) ?? [];
      const weight = / weight (\d+)/.exec(line)?.[1] ?? "1";
      const admin = state === "ready" ? 0 : 1;
      const check = / check /.test(`${line} `) ? 6 : 2;
      return `1 ${section} 1 ${name} ${address} 2 ${admin} ${weight} ${weight} 1 1 0 2 ${check} 0 0 0 - ${port} - 0 0 - - 0\n`;
    }).join("");
  }

  check = (): Promise<Outcome> => APPLIED;
  keep = (): Promise<Outcome> => APPLIED;
  keepStates = (): Promise<void> => Promise.resolve();
  startLast = (): Promise<boolean> => Promise.resolve(false);
  survey = (): Promise<undefined> => Promise.resolve(undefined);
  findRemains = (): Promise<undefined> => Promise.resolve(undefined);
  loadedConfig = (): Promise<undefined> => Promise.resolve(undefined);
  expectCommands = (): void => undefined;
  follow = (): void => undefined;
  leave = (): void => undefined;
  stop = (): Promise<void> => Promise.resolve();

  describe(): ReturnType<HaproxyControl["describe"]> {
    return Promise.resolve({
      isServing: true,
      version: undefined,
      pid: undefined,
      uptimeSeconds: undefined,
      oldWorkers: 0,
      oldestWorkerSeconds: 0,
      failures: 0,
    });
  }
}
