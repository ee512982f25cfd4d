import { formatNetwork, parseNetwork } from "../values/network.ts";

/** What a network means whose address has bits behind its length, as `127.0.0.1/8` has; `undefined` for any other text. */
export function remarkOnHostBits(text: string): string | undefined {
  const written = text.trim();
  const [address = ""] = written.split("/");
  const network = parseNetwork(written);
  const first = parseNetwork(address);
  if (!network.ok || !first.ok || network.value.hex === first.value.hex) return undefined;
  return `which means ${formatNetwork(network.value)}`;
}
