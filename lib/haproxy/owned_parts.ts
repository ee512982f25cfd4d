import type { Templates } from "../core/config/templates.ts";
import type { Chance, Clock, HaproxyEvent, Reporter } from "../ports.ts";
import { ConfigWriter, type WriterSettings } from "./files/config_writer.ts";
import { GenerationStore } from "./files/generation_store.ts";
import { innerSockets } from "./files/inner_sockets.ts";
import { GenerationLoader } from "./load_generation.ts";
import { CutOff } from "./process/cut_off.ts";
import { HaproxyOutput } from "./process/output.ts";
import type { HaproxyProgram } from "./process/program.ts";
import { Supervisor } from "./process/supervisor.ts";
import { Traces } from "./files/traces.ts";
import { ServingWorker } from "./serving_worker.ts";
import { AccessLog } from "./socket/access_log.ts";
import { CommandSocket } from "./socket/command_socket.ts";
import { WorkerCommands } from "./worker_commands.ts";

/** The settings of an owned HAProxy. */
export type OwnedSettings = Omit<WriterSettings, "program" | "socket"> & {
  readonly program: HaproxyProgram;
  readonly stateDir: string;
  readonly addBackends: boolean;
};

/** What an owned HAProxy takes from the world. */
export type OwnedWorld = { readonly clock: Clock; readonly chance: Chance; readonly report: Reporter };

/** The parts of an owned HAProxy, each with one job. */
export type OwnedParts = ReturnType<typeof assembleOwned>;

/** Puts the parts of an owned HAProxy together. */
export function assembleOwned(
  settings: OwnedSettings,
  templates: Templates,
  { clock, chance, report }: OwnedWorld,
  onEvent: (event: HaproxyEvent) => void,
) {
  const { program, stateDir } = settings;
  const socket = `${stateDir}/haproxy.sock`;
  const masterSocket = `${stateDir}/master.sock`;
  const shared = { socket, masterSocket, output: new HaproxyOutput(report), clock, chance, report };
  const store = new GenerationStore(stateDir, clock);
  const writer = new ConfigWriter(store, { ...settings, program: program.path, socket }, templates, report);
  const sockets = async () => [socket, masterSocket, ...await innerSockets(stateDir, settings.process)];
  const traces = new Traces(sockets, settings, report);
  const accessLog = new AccessLog(settings, { clock, chance, report });
  const worker = new ServingWorker(store, accessLog);
  const commandSocket = new CommandSocket(socket, clock);
  const isLoading = () => loader.isLoading;
  const supervisor = new Supervisor({
    ...shared,
    program,
    folder: store.current,
    findCurrent: () => store.findCurrent(),
    isLoading,
    onEnded: () => worker.forget(),
    onRestarting: (signal) => void loader.followRestart(signal),
  });
  const terminate = (limitMs: number) => supervisor.terminate(limitMs);
  const cutOff = new CutOff([masterSocket, socket], clock, report, terminate);
  const serving = { ...shared, worker, commandSocket, cutOff };
  const loader: GenerationLoader = new GenerationLoader({
    ...serving,
    store,
    writer,
    supervisor,
    traces,
    onRestarted: (hasCurrent) => onEvent({ kind: hasCurrent ? "restarted" : "replaced" }),
  });
  const commands = new WorkerCommands({
    ...serving,
    isServing: () => supervisor.state === "serving",
    isLoading,
    onOtherWorker: () => onEvent({ kind: "replaced" }),
  });
  return { ...serving, store, writer, traces, accessLog, supervisor, loader, commands };
}
