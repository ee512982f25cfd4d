/**
 * HAProxy's own metrics, in which a spare backend is called as the route that it serves: `proxy` is the route's id, wherever
 * HAProxy serves it. `bindings` has the spare of each such route. A section of the route's own name, which its spare has taken
 * the place of, serves it no more, and is left out: no two rows have the same labels.
 */
export function withRouteIds(text: string, bindings: ReadonlyMap<string, string>): string {
  if (bindings.size === 0) return text;
  const routeOf = new Map([...bindings].map(([route, spare]) => [spare, route]));
  return text.split("\n").flatMap((line) => {
    const proxy = PROXY.exec(line)?.[1];
    if (proxy === undefined) return line;
    const route = routeOf.get(proxy);
    if (route !== undefined) return line.replace(`proxy="${proxy}"`, () => `proxy="${route}"`);
    return bindings.has(proxy) ? [] : line;
  }).join("\n");
}

/** The first label of a row about a backend or a server (HAProxy, doc/internals, promex: `proxy` comes first). */
const PROXY = /^haproxy_(?:backend|server)_[a-z0-9_]+\{proxy="([^"]*)"/;
