import type { Capabilities } from "../core/plan.ts";
import type { Remains } from "../core/read_back.ts";
import type { Desired } from "../core/render.ts";
import type { ReportedServer, Survey } from "../core/survey.ts";
import type { HaproxyStatus } from "../core/status.ts";
import type { HaproxyControl, Outcome, Reporter } from "../ports.ts";
import { copyFiles } from "./generation_store.ts";
import { checkConfig } from "./program.ts";

/** What an HAProxy that others run is reached by. */
export type ExternalSettings = {
  /** haproxy for the check; `undefined` where there is none on this machine, so that nothing is checked. */
  readonly program: string | undefined;
  readonly config: string;
  readonly reloadCommand: string | undefined;
  readonly env: Readonly<Record<string, string>>;
};

/** An HAProxy that somebody else runs: the files are written where it reads them, and a command makes it reload. */
export class ExternalHaproxy implements HaproxyControl {
  constructor(readonly settings: ExternalSettings, readonly report: Reporter) {}

  async check(desired: Desired): Promise<Outcome> {
    const { program, env } = this.settings;
    if (program === undefined) return { kind: "applied" };
    const folder = await Deno.makeTempDir({ prefix: "signalbox-check-" });
    try {
      await copyFiles(desired.files, `${folder}/haproxy.cfg`);
      const result = await checkConfig(program, [`${folder}/haproxy.cfg`], env);
      if (result.isValid) return { kind: "applied" };
      return {
        kind: "rejected",
        stage: "check",
        detail: result.messages.join("; ").replaceAll(`${folder}/`, ""),
      };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  async load(desired: Desired): Promise<Outcome> {
    const { config, reloadCommand } = this.settings;
    const checked = await this.check(desired);
    if (checked.kind === "rejected") return checked;
    try {
      await copyFiles(desired.files, config);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { kind: "rejected", stage: "write", detail: `cannot write ${config}: ${why}` };
    }
    return reloadCommand === undefined ? { kind: "applied" } : await this.#reload(reloadCommand);
  }

  startLast(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** What others run is not spoken to: every change is a reload. */
  readonly capabilities: Capabilities = { canAddServers: false, canAddBackends: false, canSetStates: false };

  describe(): Promise<HaproxyStatus> {
    const unknown = { version: undefined, pid: undefined, uptimeSeconds: undefined };
    return Promise.resolve({
      isServing: true,
      ...unknown,
      oldWorkers: 0,
      oldestWorkerSeconds: 0,
      failures: 0,
    });
  }

  reportServers(): Promise<readonly ReportedServer[]> {
    return Promise.resolve([]);
  }

  survey(): Promise<Survey | undefined> {
    return Promise.resolve(undefined);
  }

  findRemains(): Promise<Remains | string | undefined> {
    return Promise.resolve(undefined);
  }

  keep(desired: Desired): Promise<Outcome> {
    return this.load(desired);
  }

  expectCommands(): void {
    // None will follow.
  }

  /** Nobody but its owner speaks to an external HAProxy: there is nothing to be sent. */
  send(commands: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(commands.map(() => ""));
  }

  leave(): void {
    // It never was ours.
  }

  async stop(): Promise<void> {
    // It goes on without us; that is what external means.
  }

  async #reload(command: string): Promise<Outcome> {
    const signal = AbortSignal.timeout(60_000);
    const child = new Deno.Command("sh", {
      args: ["-c", command],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal,
    });
    const { success, code, stderr } = await child.output();
    if (success) return { kind: "applied" };
    const said = new TextDecoder().decode(stderr).trim().slice(-300);
    return { kind: "rejected", stage: "load", detail: `"${command}" ended with ${code}: ${said}` };
  }
}
