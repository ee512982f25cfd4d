import type { Clock } from "../ports.ts";

/** How long a lease counts after its holder was last heard of, in milliseconds. */
const LEASE_MS = 30_000;
/** How often its holder says that it is there, and others look, in milliseconds. */
export const BEAT_MS = 10_000;
/** How long one who takes a lease waits before it looks whether somebody else took it in the same moment, in milliseconds. */
const SETTLE_MS = 500;

/**
 * Says which of several signalboxes on one storage asks authorities: the one whose name is in a file, as long as it writes
 * the file again and again. Clocks are not compared: a lease has ended when its file has not changed for its time by our
 * own clock. Two may hold it for a moment; then a certificate is fetched twice, and nothing else happens.
 */
export class Lease {
  #seen: { readonly text: string; readonly at: number } | undefined;
  #beat = 0;
  #holds = false;

  constructor(private readonly path: string, readonly holder: string, private readonly clock: Clock) {}

  /** Whether we held it when it was last looked at. */
  get isOurs(): boolean {
    return this.#holds;
  }

  /** Who held it when it was last looked at. */
  get heldBy(): string | undefined {
    return this.#holds ? this.holder : this.#seen && holderOf(this.#seen.text);
  }

  /** Looks, takes it where it is free, and says that we are there where it is ours. Throws where the storage cannot be used. */
  async renew(signal: AbortSignal): Promise<boolean> {
    const text = await this.#read();
    const now = this.clock.now();
    if (text !== this.#seen?.text) this.#seen = text === undefined ? undefined : { text, at: now };
    const isFree = text === undefined || now - (this.#seen?.at ?? now) >= LEASE_MS;
    if (text !== undefined && holderOf(text) === this.holder) {
      await this.#write();
      return this.#holds = true;
    }
    if (!isFree) return this.#holds = false;
    const isFirst = text === undefined && await this.#create();
    if (!isFirst) {
      if (text === undefined) return this.#holds = false;
      await this.#write();
      await this.clock.sleep(SETTLE_MS, signal);
    }
    const after = await this.#read();
    return this.#holds = after !== undefined && holderOf(after) === this.holder;
  }

  /** Gives it up, so that another one need not wait. */
  async end(): Promise<void> {
    if (!this.#holds) return;
    this.#holds = false;
    const text = await this.#read();
    if (text !== undefined && holderOf(text) === this.holder) await Deno.remove(this.path);
  }

  async #create(): Promise<boolean> {
    try {
      await Deno.writeTextFile(this.path, this.#text(), { createNew: true, mode: 0o600 });
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
  }

  async #write(): Promise<void> {
    const temporary = `${this.path}.${this.holder}`;
    await Deno.writeTextFile(temporary, this.#text(), { mode: 0o600 });
    await Deno.rename(temporary, this.path);
  }

  #text = (): string => `${this.holder} ${++this.#beat} ${this.clock.date().toISOString()}\n`;

  async #read(): Promise<string | undefined> {
    return await Deno.readTextFile(this.path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
  }
}

const holderOf = (text: string): string => text.split(" ")[0] ?? "";
