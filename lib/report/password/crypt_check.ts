import type { Clock } from "../../ports.ts";
import type { CryptAnswer, CryptQuestion } from "./crypt_worker.ts";

/** How long a worker that nobody asks is kept, in milliseconds. */
const KEPT_MS = 30_000;
/** How long it may take for an answer, in milliseconds: 99,999 rounds take some seconds on a small machine. */
const LIMIT_MS = 20_000;

/** Compares passwords with crypt's hashes in a worker, which is there while it is needed. */
export class CryptCheck {
  #worker: Worker | undefined;
  #cancel = () => {};
  #next = 0;
  readonly #waiting = new Map<number, (isRight: boolean) => void>();

  constructor(readonly clock: Pick<Clock, "after">) {}

  /** Whether a password has a hash; false where the worker fails. */
  async isRight(password: string, hash: string): Promise<boolean> {
    const worker = this.#worker ??= await this.#start();
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(id, resolve);
    this.#keep(LIMIT_MS);
    worker.postMessage({ id, password, hash } satisfies CryptQuestion);
    const isRight = await promise;
    this.#keep(KEPT_MS);
    return isRight;
  }

  /** Ends the worker. */
  close(): void {
    this.#cancel();
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#waiting.forEach((resolve) => resolve(false));
    this.#waiting.clear();
  }

  async #start(): Promise<Worker> {
    const { default: url } = await import("#crypt-worker");
    const worker = new Worker(url, { type: "module" });
    worker.onmessage = ({ data: { id, isRight } }: MessageEvent<CryptAnswer>) => {
      this.#waiting.get(id)?.(isRight);
      this.#waiting.delete(id);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.close();
    };
    return worker;
  }

  #keep(milliseconds: number): void {
    this.#cancel();
    this.#cancel = this.clock.after(milliseconds, () => this.close());
  }
}
