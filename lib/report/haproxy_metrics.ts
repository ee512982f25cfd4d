/**
 * HAProxy's own metrics, in which a spare backend is called as the route that it serves: `proxy` is the route's id, wherever
 * HAProxy serves it. `bindings` has the spare of each such route, or the section of a host that is gone. A section of the route's own name, which its spare has taken
 * the place of, serves it no more, and is left out: no two rows have the same labels.
 */
export function withRouteIds(text: string, bindings: ReadonlyMap<string, string>): string {
  if (bindings.size === 0) return text;
  const routeOf = new Map([...bindings].map(([route, spare]) => [spare, route]));
  // The text may have megabytes: what stays is copied in large parts.
  const parts: string[] = [];
  let done = 0;
  for (let at = 0; at < text.length;) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found + 1;
    const proxy = isOfBackend(text, at) ? proxyOf(text, at, end) : undefined;
    const route = proxy && routeOf.get(proxy);
    if (proxy !== undefined && (route !== undefined || bindings.has(proxy))) {
      parts.push(text.slice(done, at));
      if (route !== undefined) parts.push(text.slice(at, end).replace(`"${proxy}"`, () => `"${route}"`));
      done = end;
    }
    at = end;
  }
  return parts.join("") + text.slice(done);
}

const isOfBackend = (text: string, at: number): boolean =>
  text.startsWith("haproxy_backend_", at) || text.startsWith("haproxy_server_", at);

/** The first label of a row (HAProxy, doc/internals, promex: `proxy` comes first). */
function proxyOf(text: string, at: number, end: number): string | undefined {
  const from = text.indexOf("{", at);
  if (from < 0 || from >= end || !text.startsWith('proxy="', from + 1)) return undefined;
  const begin = from + '{proxy="'.length;
  return text.slice(begin, text.indexOf('"', begin));
}

/**
 * Metrics whose type and name disagree, as HAProxy has a few (2.6 a counter without `_total`, 3.2 and 3.4 gauges with it): the
 * name stays, since HAProxy's dashboards know it, and the type becomes what the name says.
 */
export function withHonestTypes(text: string): string {
  // The text may have megabytes, and a hundred types.
  const parts: string[] = [];
  let done = 0;
  for (let at = typeAt(text, 0); at >= 0; at = typeAt(text, at + 1)) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end);
    const honest = line.replace(/^(# TYPE haproxy_\w+(?<!_total)) counter$/, "$1 untyped")
      .replace(/^(# TYPE haproxy_\w+_total) \w+$/, "$1 counter");
    if (honest === line) continue;
    parts.push(text.slice(done, at), honest);
    done = at + line.length;
  }
  return parts.length === 0 ? text : parts.join("") + text.slice(done);
}

const TYPE = "# TYPE haproxy_";

/** Where the next line about a type begins; -1 for none. */
function typeAt(text: string, from: number): number {
  if (from === 0 && text.startsWith(TYPE)) return 0;
  const found = text.indexOf(`\n${TYPE}`, Math.max(0, from - 1));
  return found < 0 ? -1 : found + 1;
}

/** Which of HAProxy's metrics are wanted, in the words of its exporter; nothing else of a query gets to it. */
export const scopeOf = (query: string): string =>
  /^\?(?:(?:scope=(?:[a-z]{1,20}|\*)|no-maint)(?:&|$)){1,8}$/.test(query) ? query : "";
