import { routeName } from "../model/model.ts";
import type { Built } from "../model/build_model.ts";
import { verdictsOf } from "../model/verdict.ts";
import { findInForce } from "./in_force.ts";

/** What becomes of a route from one moment to another. */
export type RouteChange = {
  readonly kind: "comes" | "goes" | "moves" | "loses" | "gets";
  /** Host and path. */
  readonly route: string;
  /** Who serves it, where it moves from and to, or the key that protects it with its value. */
  readonly detail: string;
};

/** Compares who serves what and what protects it; `nameOf` is what a container is called that may be another one's next. */
export function compareRoutes(
  before: Built,
  after: Built,
  nameOf: (container: string) => string,
): readonly RouteChange[] {
  const [old, now] = [routesOf(before, nameOf), routesOf(after, nameOf)];
  const changes: RouteChange[] = [];
  for (const route of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const [was, is] = [old.get(route), now.get(route)];
    if (was === undefined) changes.push({ kind: "comes", route, detail: wordsOf(is?.by) });
    else if (is === undefined) changes.push({ kind: "goes", route, detail: wordsOf(was.by) });
    else {
      const [from, to] = [wordsOf(was.by), wordsOf(is.by)];
      if (from !== to) changes.push({ kind: "moves", route, detail: `from ${from} to ${to}` });
      const lost = [...was.rules].filter((rule) => !is.rules.has(rule));
      const gained = [...is.rules].filter((rule) => !was.rules.has(rule));
      for (const detail of lost) changes.push({ kind: "loses", route, detail });
      for (const detail of gained) changes.push({ kind: "gets", route, detail });
    }
  }
  return changes;
}

type RouteFacts = { readonly by: Set<string>; readonly rules: Set<string> };

function routesOf(built: Built, nameOf: (container: string) => string): ReadonlyMap<string, RouteFacts> {
  const found = new Map<string, RouteFacts>();
  const inForce = findInForce(built);
  for (const verdict of verdictsOf(built)) {
    const { rules, redirects } = inForce(verdict);
    for (const route of verdict.hosts) {
      const name = routeName(route);
      const facts = found.get(name) ?? { by: new Set(), rules: new Set() };
      found.set(name, facts);
      facts.by.add(nameOf(verdict.container.name));
      for (const { key, value } of rules) facts.rules.add(`${key}: ${value}`);
      for (const { source, target } of redirects) {
        if (source === name) facts.rules.add(`redirect to ${target}`);
      }
    }
  }
  return found;
}

const wordsOf = (names: ReadonlySet<string> | undefined): string => [...names ?? []].sort().join(", ");
