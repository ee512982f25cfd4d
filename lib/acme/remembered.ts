import { type AcmeRecord, emptyRecord } from "../core/acme/record.ts";
import type { AcmeStorage } from "./storage.ts";

/** What must be remembered over restarts: in memory as it is now, on the disk after each change. */
export class Remembered {
  #record: AcmeRecord = emptyRecord;
  #writing: Promise<void> = Promise.resolve();
  #isDirty = false;

  constructor(private readonly storage: AcmeStorage) {}

  get now(): AcmeRecord {
    return this.#record;
  }

  /** Reads what the disk has. */
  async read(): Promise<void> {
    this.#record = await this.storage.record();
  }

  /** Changes it; resolves once the disk has it, and throws where it cannot be written. What is in memory counts all the same. */
  change(next: (record: AcmeRecord) => AcmeRecord): Promise<void> {
    this.#record = next(this.#record);
    this.#isDirty = true;
    // Changes of the same moment are one write; each waits for one that began after it.
    return this.#writing = this.#writing.catch(() => {}).then(async () => {
      if (!this.#isDirty) return;
      this.#isDirty = false;
      try {
        await this.storage.keep(this.#record);
      } catch (error) {
        this.#isDirty = true;
        throw error;
      }
    });
  }
}
