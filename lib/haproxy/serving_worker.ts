import type { GenerationStore } from "./files/generation_store.ts";
import type { AccessLog } from "./socket/access_log.ts";
import { loadedNumber, type WorkerInfo } from "./socket/worker.ts";

/** The worker that is known to serve: signalbox keeps its files, and follows its access log. */
export class ServingWorker {
  #info: WorkerInfo | undefined;

  constructor(readonly store: GenerationStore, readonly accessLog: AccessLog) {}

  /** What it says of itself; `undefined` where none serves. */
  get info(): WorkerInfo | undefined {
    return this.#info;
  }

  /** Notes that another worker serves from now on. */
  take(worker: WorkerInfo): void {
    this.#info = worker;
    holdLoaded(this.store, worker);
    this.accessLog.follow(worker.pid);
  }

  /** Notes the worker of an earlier signalbox; reads on in its access log where that signalbox stopped. */
  adopt(worker: WorkerInfo): void {
    this.#info = worker;
    void this.accessLog.adopt(worker.pid);
  }

  /** Notes that no worker serves any more. */
  forget(): void {
    this.#info = undefined;
  }
}

/** Keeps the files that a worker has loaded; answers with their number. */
export function holdLoaded(store: GenerationStore, worker: WorkerInfo | undefined): number {
  store.hold(store.find(loadedNumber(worker)));
  return loadedNumber(worker);
}
