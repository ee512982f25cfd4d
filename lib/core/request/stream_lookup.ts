import type { Model } from "../model/model.ts";
import { HTTPS_BACKEND, listenName } from "../values/listen.ts";
import { HOSTS_MAP, type Tables } from "../values/table.ts";
import { parentOf, tableNamed, type Target, targetFor } from "./lookup.ts";

/**
 * The route that takes a connection of TLS at the port of HTTPS before HAProxy ends it (tcp_route.eta), by the name in
 * the first message of TLS; `undefined` where HAProxy ends TLS and reads requests.
 */
export function takesConnection(
  name: string | undefined,
  { frontend: { tls }, streams }: Pick<Model, "frontend" | "streams">,
  tables: Tables,
): Target | undefined {
  if (tls === undefined || name === undefined || !streams.areBeforeHttps) return undefined;
  const hosts = tableNamed(tables, HOSTS_MAP);
  const listener = listenName({ protocol: "tls", port: tls.port });
  const names = [name, ...streams.wildcardDepths.map((depth) => `*.${parentOf(name, depth)}`)];
  for (const each of names) {
    const target = targetFor(hosts, `${listener}/${each}/`);
    if (target !== undefined) return target.backend === HTTPS_BACKEND ? undefined : target;
  }
  return undefined;
}
