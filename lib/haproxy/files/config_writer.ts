import { messageOf } from "../../core/values/message_of.ts";
import type { ServerName } from "../../core/values/names.ts";
import type { ServerState } from "../../core/runtime/operation.ts";
import { type ProcessSettings, renderProcessConfig } from "../../core/config/process_config.ts";
import type { Desired, FileSet } from "../../core/config/render.ts";
import { renderServerStates } from "../../core/state/state_file.ts";
import type { ReportedServer } from "../../core/state/survey.ts";
import type { Templates } from "../../core/config/templates.ts";
import type { Generation, Outcome, Reporter } from "../../ports.ts";
import { configIn, takenPorts, tryNewBinds } from "./bind_trial.ts";
import type { GenerationStore } from "./generation_store.ts";
import { cookieKey, instanceName, peersKey } from "./instance_name.ts";
import { checkConfig } from "../process/program.ts";
import { copyFiles } from "./safe_files.ts";
import { socketsEnvironment, socketsFolder } from "./inner_sockets.ts";

/** What a generation is written with, beside the routing. */
export type WriterSettings = {
  readonly program: string;
  readonly socket: string;
  /** HAProxy's own, in the state directory. */
  readonly pidFile: string;
  /** The file of `--pid-file`, for the pid; `undefined` for none. */
  readonly pidCopy?: string | undefined;
  /** The listeners in words, for the log. */
  readonly listeners?: string;
  /** A copy of the applied files for people; `undefined` for none. */
  readonly configCopy: string | undefined;
  readonly process: Pick<
    ProcessSettings,
    "user" | "group" | "chroot" | "syslog" | "accessLog" | "metricsSocket"
  >;
  /** Secrets and switches for the config, as they are now; they may change before a reload. */
  readonly env: () => Readonly<Record<string, string>>;
};

/** A generation that was written, or why it was not. */
export type Written =
  | { readonly ok: true; readonly generation: Generation }
  | { readonly ok: false; readonly outcome: Outcome };

const STATE_FILE = "servers.state";

/** The description by which a worker tells the generation that it has loaded. */
export const describeGeneration = (generation: Generation): string => `generation-${generation.number}`;

/** Writes generations: the routing, and what the process needs beside it. */
export class ConfigWriter {
  /** Why the copy for people could not be written. */
  #copyTrouble: string | undefined;
  #instance: string | undefined;
  #cookieKey: string | undefined;
  #peersKey: string | undefined;

  constructor(
    readonly store: GenerationStore,
    readonly settings: WriterSettings,
    readonly templates: Templates,
    readonly report: Reporter,
  ) {}

  /** Writes a generation; `reported` are the servers of the running HAProxy, whose failed checks are carried over. */
  write(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    reported: readonly ReportedServer[],
  ): Written {
    try {
      const generation = this.store.write((generation) =>
        new Map([
          ...desired.files,
          ["process.cfg", this.processConfig(generation)],
          [STATE_FILE, renderServerStates(desired.model.backends, states, reported)],
        ]), desired.certificates);
      return { ok: true, generation };
    } catch (error) {
      const why = messageOf(error);
      return { ok: false, outcome: rejected("write", `cannot write below ${this.store.stateDir}: ${why}`) };
    }
  }

  /**
   * Checks a generation with `haproxy -c`, and tries the listeners that the serving one does not have; `served` is its folder.
   * Removes a generation that is refused.
   */
  async check(generation: Generation, served?: string, isLoaded = served !== undefined): Promise<Outcome> {
    const { chroot } = this.settings.process;
    // HAProxy looks for the file when it starts, not when it checks.
    if (chroot !== undefined) await Deno.mkdir(chroot, { recursive: true, mode: 0o755 });
    const files = [`${generation.folder}/process.cfg`, `${generation.folder}/haproxy.cfg`];
    const result = await checkConfig(this.settings.program, files, this.settings.env());
    if (!result.isValid) {
      await this.store.discard(generation);
      return rejected("check", result.messages.join("; ").replaceAll(`${generation.folder}/`, ""));
    }
    for (const message of result.messages) this.report.tell({ kind: "config-warned", message });
    if (!isLoaded) return { kind: "applied" };
    const sockets = socketsFolder(this.store.stateDir, this.settings.process);
    const [had, wanted] = [served === undefined ? "" : configIn(served), configIn(generation.folder)];
    const ports = takenPorts(had, wanted, sockets);
    if (ports.length > 0) {
      await this.store.discard(generation);
      return {
        kind: "rejected",
        stage: "ports",
        detail: ports.map(({ detail }) => detail).join("; "),
        ports,
      };
    }
    const { SIGNALBOX_LOCAL_PEER: own } = this.settings.env();
    const trouble = served === undefined ? undefined : tryNewBinds(had, wanted, own);
    if (trouble !== undefined) {
      await this.store.discard(generation);
      return rejected("load", trouble);
    }
    return { kind: "applied" };
  }

  /** Checks what a generation would be with `haproxy -c`, and leaves nothing behind. */
  async tryOut(desired: Desired): Promise<Outcome> {
    const written = this.write(desired, new Map(), []);
    if (!written.ok) return written.outcome;
    const outcome = await this.check(written.generation);
    await this.store.discard(written.generation);
    return outcome;
  }

  /** Replaces the states of the current generation by one rename, if they differ. */
  async refreshStates(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    reported: readonly ReportedServer[],
  ): Promise<void> {
    const generation = this.store.findCurrent();
    if (generation === undefined) return;
    const text = renderServerStates(desired.model.backends, states, reported);
    const path = `${generation.folder}/${STATE_FILE}`;
    if (await Deno.readTextFile(path).catch(() => undefined) === text) return;
    await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
    await Deno.rename(`${path}.new`, path);
  }

  /** Removes all states of a generation: without a signalbox that tells who is ready, HAProxy's own checks decide. */
  releaseServers(generation: Generation): void {
    Deno.writeTextFileSync(`${generation.folder}/${STATE_FILE}`, renderServerStates([], new Map(), []));
  }

  /** Writes the copy for people. A failure is reported, and has no other effect. */
  async copy({ files, certificates }: FileSet): Promise<void> {
    const path = this.settings.configCopy;
    if (path === undefined) return;
    const why = await Promise.try(() => copyFiles({ files, certificates }, path, "folders")).then(
      () => undefined,
      messageOf,
    );
    if (why !== undefined && why !== this.#copyTrouble) {
      this.report.tell({ kind: "copy-failed", path, why });
    }
    this.#copyTrouble = why;
  }

  /** The process.cfg of a generation, as it is written now. */
  processConfig(generation: Generation): string {
    const given = this.settings.env();
    return renderProcessConfig({
      ...this.settings.process,
      env: {
        ...given,
        SIGNALBOX_RUN: "1",
        SIGNALBOX_INSTANCE: this.#instance ??= instanceName(this.store.stateDir),
        SIGNALBOX_PEERS: this.#peersKey ??= peersKey(this.store.stateDir),
        SIGNALBOX_COOKIE_KEY: given["SIGNALBOX_COOKIE_KEY"] ??
          (this.#cookieKey ??= cookieKey(this.store.stateDir)),
        ...socketsEnvironment(this.store.stateDir, this.settings.process),
      },
      description: describeGeneration(generation),
      pidFile: this.settings.pidFile,
      socket: this.settings.socket,
      stateBase: generation.folder,
      stateFile: STATE_FILE,
    }, this.templates);
  }
}

function rejected(stage: "write" | "check" | "load", detail: string): Outcome {
  return { kind: "rejected", stage, detail };
}
