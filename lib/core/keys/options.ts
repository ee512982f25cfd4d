import type { KeyOf, OptionsOf, RouteData } from "./route_data.ts";
import type { Scope } from "./route_key.ts";
import { KEY_NAMES, keyNamed } from "./route_keys.ts";

/** The keys of a scope, in the order of the table. */
export const keysOf = <S extends Scope>(scope: S): readonly KeyOf<S>[] =>
  KEY_NAMES.filter((name) => keyNamed(name).scope === scope) as KeyOf<S>[];

/** The values of a scope's keys where no container says any. */
export const fallbacksOf = <S extends Scope>(scope: S): OptionsOf<S> =>
  Object.fromEntries(keysOf(scope).map((key) => [key, keyNamed(key).fallback])) as OptionsOf<S>;

/** What a server carries of the words of its container. */
export type ServerOptions = OptionsOf<"server">;

const SERVER_KEYS = keysOf("server");

/** The options of a server whose container says nothing of it. */
const PLAIN: ServerOptions = fallbacksOf("server");

/** What a container's words come to for its server; the same object for all that say nothing. */
export function serverOptions(data: RouteData): ServerOptions {
  if (!data.isExplicit) return PLAIN;
  let options: Record<string, unknown> | undefined;
  for (const key of SERVER_KEYS) {
    // A copy of one object, which the engine reads faster than one that is put together.
    if (data[key] !== undefined) (options ??= { ...PLAIN })[key] = data[key];
  }
  return (options ?? PLAIN) as ServerOptions;
}
