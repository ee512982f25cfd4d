import { parseServerStates, parseSurvey, stateQuestion, surveyQuestions } from "../core/state/survey.ts";
import type { ReportedServer, Survey } from "../core/state/survey.ts";
import type { CertificateFile } from "../core/certificates/choose.ts";
import type { TableName } from "../core/values/table.ts";
import type { Clock } from "../ports.ts";
import type { CutOff } from "./process/cut_off.ts";
import type { ServingWorker } from "./serving_worker.ts";
import { type CommandSocket, OtherWorkerError } from "./socket/command_socket.ts";
import { findNext } from "./socket/worker.ts";

/** What WorkerCommands work with. */
export type WorkerCommandsParts = {
  readonly socket: string;
  readonly clock: Clock;
  readonly commandSocket: CommandSocket;
  readonly worker: ServingWorker;
  readonly cutOff: CutOff;
  readonly isServing: () => boolean;
  readonly isLoading: () => boolean;
  /** Somebody else reloaded HAProxy, and another worker serves. */
  readonly onOtherWorker: () => void;
};

/** Sends commands to the worker that serves, and finds out when another one took its place, or none answers any more. */
export class WorkerCommands {
  constructor(readonly parts: WorkerCommandsParts) {}

  /** Sends commands, one reply each. During a load any worker may answer; otherwise only the one that was proved. */
  async send(commands: readonly string[]): Promise<readonly string[]> {
    const { worker, cutOff, isLoading, isServing } = this.parts;
    try {
      const replies = await this.parts.commandSocket.send(
        commands,
        isLoading() ? undefined : worker.info?.pid,
      );
      cutOff.heard();
      return replies;
    } catch (error) {
      if (error instanceof OtherWorkerError) await this.#acceptWorker();
      else if (isServing() && !isLoading()) await cutOff.silent();
      throw error;
    }
  }

  /** Opens a connection for commands that follow in a moment. */
  expect(): void {
    if (!this.parts.isLoading()) this.parts.commandSocket.openAhead();
  }

  /** The servers of all sections or of one, as the worker has them; none where none serves. */
  async reportServers(section?: string): Promise<readonly ReportedServer[]> {
    if (this.parts.worker.info === undefined) return [];
    const [reply = ""] = await this.send([stateQuestion(section)]);
    return parseServerStates(reply);
  }

  /** Everything that commands can change, with the rows of these tables, as the worker has it. */
  async survey(tables: readonly TableName[], certificates: readonly CertificateFile[] = []): Promise<Survey> {
    return parseSurvey(tables, await this.send(surveyQuestions(tables, certificates)), certificates);
  }

  /** Accepts the worker of somebody else's reload, which has the files that were current then; never an older worker. */
  async #acceptWorker(): Promise<void> {
    const { socket, clock, worker, isLoading, onOtherWorker } = this.parts;
    const next = await findNext(socket, worker.info, clock);
    if (next === undefined || isLoading()) return;
    worker.take(next);
    onOtherWorker();
  }
}
