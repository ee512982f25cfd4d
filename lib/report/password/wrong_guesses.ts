import type { Clock } from "../../ports.ts";
import { parseNetwork } from "../../core/values/network.ts";

/** How long a wrong password counts, in milliseconds. */
const WRONG_MS = 10_000;
/** Wrong ones of a client in that time; after them nothing of it is compared. */
const MOST_OF_ONE = 10;
/** Wrong ones of all clients; after them nothing is compared of those that were wrong before. */
const MOST_OF_ALL = 100;
/** Guesses of a client that are compared or wait for it at a time. */
const MOST_AT_ONCE = 4;
/** Clients that are known to have been wrong; those that were so longest ago are forgotten. */
const MOST_CLIENTS = 1_024;
/** Hexadecimal digits of an IPv6 network with 64 bits, which is one client. */
const NETWORK_DIGITS = 16;

/**
 * Who has guessed wrong lately, each client by itself: a stranger keeps nobody out who comes from another address. However many
 * have been wrong, the first guess of one that has not is compared.
 */
export class WrongGuesses {
  /** When each client was wrong; who was so longest ago is the first. */
  readonly #wrong = new Map<string, readonly number[]>();
  readonly #comparing = new Map<string, number>();
  /** Of all clients, the last ones. */
  #all: readonly number[] = [];

  constructor(readonly clock: Pick<Clock, "now">) {}

  /** Whether a guess of a client is to be compared. */
  mayGuess(client: string): boolean {
    const own = this.#since(this.#wrong.get(client)).length;
    const comparing = this.#comparing.get(client) ?? 0;
    if (comparing >= MOST_AT_ONCE || own + comparing >= MOST_OF_ONE) return false;
    return own === 0 || this.#since(this.#all).length < MOST_OF_ALL;
  }

  /** Compares a guess of a client, and notes where it is wrong. */
  async judge(client: string, compare: () => Promise<boolean>): Promise<boolean> {
    this.#comparing.set(client, (this.#comparing.get(client) ?? 0) + 1);
    const isRight = await compare().finally(() => {
      const left = (this.#comparing.get(client) ?? 1) - 1;
      if (left > 0) this.#comparing.set(client, left);
      else this.#comparing.delete(client);
    });
    if (!isRight) this.#note(client);
    return isRight;
  }

  #note(client: string): void {
    const now = this.clock.now();
    const own = [...this.#since(this.#wrong.get(client)), now];
    this.#wrong.delete(client);
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size >= MOST_CLIENTS && oldest !== undefined) this.#wrong.delete(oldest);
    this.#wrong.set(client, own);
    this.#all = [...this.#since(this.#all), now].slice(-MOST_OF_ALL);
  }

  #since(times: readonly number[] = []): readonly number[] {
    const now = this.clock.now();
    return times.filter((at) => now - at < WRONG_MS);
  }
}

/** What counts as one client: an IPv4 address, or an IPv6 network with 64 bits. */
export function clientOf(address: string): string {
  const network = parseNetwork(address);
  if (!network.ok) return address;
  const { family, hex } = network.value;
  return family === 4 ? hex : hex.slice(0, NETWORK_DIGITS);
}
