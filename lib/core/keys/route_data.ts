import type { Scope } from "./route_key.ts";
import type { KeyName, ROUTE_KEYS } from "./route_keys.ts";

type Row<K extends KeyName> = (typeof ROUTE_KEYS)[K];

/** What a parser makes of a good value. */
type Made<P> = P extends (...given: never[]) => infer R ? R extends { ok: true; value: infer T } ? T : never
  : never;

/** A key's value, parsed. */
export type ValueOf<K extends KeyName> = Row<K> extends { readonly kind: "boolean" } ? boolean
  : Row<K> extends { readonly kind: "string[]"; readonly parse: infer P } ? readonly Made<P>[]
  : Row<K> extends { readonly parse: infer P } ? Made<P>
  : never;

/** What keys say, parsed; what was not said, or wrongly, is absent. */
export type KeyValues = { readonly [K in KeyName]?: ValueOf<K> };

/** Why a route cannot be served, in words that explain prints; `undefined` where nothing is wrong with it. */
export type Fault = string | undefined;

/** What one route of a container asks for, parsed; what it did not say, or said wrongly, is absent. */
export type RouteData = KeyValues & {
  /** Where it was said, for messages: `INTERLOCK_DATA`, `INTERLOCK_DATA[1]`, `label route "api"`, `labels`. */
  readonly source: string;
  /** Why the route cannot be built: a mistake in a key that decides where it leads or who may come in. */
  readonly fault: Fault;
  /** The mistake may hide who may come in: whatever else could serve the route's requests stays closed. */
  readonly isUnclear?: true;
  /** The mistake may hide which requests the route is for. */
  readonly isPlaceUnknown?: true;
  /** The mistake is one of `ssl_only`, which would hold for other paths of the host too. */
  readonly mayBeTlsOnly?: true;
  /** What says that it is to be left out, where something does. */
  readonly off: string | undefined;
  /** The labels that said its keys, for `explain`; absent where none did. */
  readonly labels?: Readonly<Partial<Record<KeyName, string>>>;
  /** Whether anything was said at all; a container that says nothing is not scolded for serving nothing. */
  readonly isExplicit: boolean;
};

/** The keys of a scope. */
export type KeyOf<S extends Scope> = { [K in KeyName]: Row<K>["scope"] extends S ? K : never }[KeyName];

/** A key's value where all is said and done: a key without a fallback may have none. A fallback of another type is no value. */
export type OptionOf<K extends KeyName> = Row<K> extends { readonly fallback: infer F }
  ? F extends ValueOf<K> ? ValueOf<K> : never
  : ValueOf<K> | undefined;

/** What the keys of a scope come to for one server, backend or listener. */
export type OptionsOf<S extends Scope> = { readonly [K in KeyOf<S>]: OptionOf<K> };
