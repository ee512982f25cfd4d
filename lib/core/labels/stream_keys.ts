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
  const { listen_port: port, ssl_passthrough: isPassed } = data;
  // The two say the same.
  const protocol = data["protocol"] ?? (isPassed === true ? "tls" : undefined);
  if (protocol !== "tcp" && protocol !== "tls") {
    if (protocol === undefined || (port === undefined && isPassed !== true)) return FINE;
    const name = port === undefined ? "ssl_passthrough" : "listen_port";
    const fault = `${placeOf(name)} cannot be used`;
    const wanted = port === undefined ? "protocol tls" : "protocol tcp or tls";
    complaints.warn(
      "no-effect",
      () => `${placeOf(name)} has no effect, expected ${wanted} beside it; the route is left out`,
    );
    return { fault, needless: [] };
  }
  const isEnded = protocol === "tls" && isPassed === false;
  let fault: string | undefined;
  const needless: KeyName[] = [];
  for (const [key, value] of Object.entries(data)) {
    const name = key as KeyName;
    if (value === undefined || value === false || isForStream(name, { protocol, isEnded }, value)) continue;
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

function isForStream(
  name: KeyName,
  { protocol, isEnded }: { readonly protocol: "tcp" | "tls"; readonly isEnded: boolean },
  value: unknown,
): boolean {
  const { streams, isForStreams } = keyNamed(name);
  const holds = streams === "tcp" || streams === protocol || (streams === "ended" && isEnded);
  return holds && isForStreams?.(value as never) !== false;
}
