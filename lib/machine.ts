import type { MachineAddresses } from "./core/model/own_listener.ts";
import { parseIp } from "./core/values/names.ts";
import type { Clock } from "./ports.ts";

/** How long what the machine said is taken for true, in milliseconds: it lists each container's interface too. */
const KEPT_MS = 60_000;

/** The addresses of this machine, read again once a minute. */
export class Machine {
  #addresses: MachineAddresses = new Set();
  #readAt = -Infinity;

  constructor(
    readonly clock: Pick<Clock, "now">,
    readonly interfaces: () => readonly { readonly address: string }[] = () => Deno.networkInterfaces(),
  ) {}

  /** The addresses, as core compares them; the same object for as long as they are kept. */
  addresses(): MachineAddresses {
    const now = this.clock.now();
    if (now - this.#readAt < KEPT_MS) return this.#addresses;
    this.#readAt = now;
    const parsed = this.interfaces().flatMap(({ address }) => {
      const ip = parseIp(address.replace(/%.*$/, ""));
      return ip.ok ? [ip.value] : [];
    });
    return this.#addresses = new Set(parsed);
  }
}
