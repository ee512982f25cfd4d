import type { Complaints } from "../values/complaints.ts";
import { type KeyName, keyNamed } from "../keys/route_keys.ts";

/** What is wrong with a route that is none of HTTP, and which of its keys do nothing. */
export type StreamKeys = { readonly fault: string | undefined; readonly needless: readonly KeyName[] };

const FINE: StreamKeys = { fault: undefined, needless: [] };

/**
 * Keys of HTTP beside `protocol`: one that protects costs the route, since nothing would protect it; each other one does
 * nothing, and is told of.
 */
export function readStreamKeys(
  data: Readonly<Record<string, unknown>>,
  placeOf: (name: KeyName) => string,
  complaints: Complaints,
): StreamKeys {
  const { protocol, listen_port: port } = data;
  if (protocol !== "tcp" && protocol !== "tls") {
    if (port === undefined || protocol === undefined) return FINE;
    const fault = `${placeOf("listen_port")} cannot be used`;
    complaints.warn(
      "no-effect",
      () =>
        `${
          placeOf("listen_port")
        } has no effect, expected protocol tcp or tls beside it; the route is left out`,
    );
    return { fault, needless: [] };
  }
  let fault: string | undefined;
  const needless: KeyName[] = [];
  for (const [key, value] of Object.entries(data)) {
    const name = key as KeyName;
    if (value === undefined || value === false || isForStream(name, protocol, value)) continue;
    const isOpen = keyNamed(name).isGuard === true;
    if (isOpen) fault ??= `${placeOf(name)} has no effect`;
    else needless.push(name);
    complaints.warn(
      "no-effect",
      () =>
        `${placeOf(name)} has no effect on a route of protocol ${protocol}${
          isOpen ? "; the route is left out" : ""
        }`,
    );
  }
  return { fault, needless };
}

function isForStream(name: KeyName, protocol: "tcp" | "tls", value: unknown): boolean {
  const { streams, isForStreams } = keyNamed(name);
  const holds = streams === "tcp" || streams === protocol;
  return holds && isForStreams?.(value as never) !== false;
}
