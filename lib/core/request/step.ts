import type { KeyName } from "../keys/route_keys.ts";
import type { Frontend } from "../model/model.ts";
import type { Flag } from "../values/names.ts";
import { ROUTES_MAP, type TableKey, type TableName, type Tables } from "../values/table.ts";
import type { ClientRequest } from "./client_request.ts";
import { tableNamed, type Target } from "./lookup.ts";

/**
 * What a rule does with a request. `answers`: HAProxy answers by itself, and no rule after it counts; `depends`: it may answer so,
 * by what is not known here; `changes`: it changes the request or the answer; `passes`: it looks, and lets the request through.
 */
export type Outcome = "answers" | "depends" | "changes" | "passes";

/** One rule that a request meets, in the order in which HAProxy does them. */
export type Step = {
  /** The file of the frontend that has it, without `route_`. */
  readonly rule: string;
  /** The keys by which containers ask for it. */
  readonly keys: readonly KeyName[];
  readonly outcome: Outcome;
  /** What HAProxy does, in words. */
  readonly says: string;
  /** Of its answer. */
  readonly status?: number;
  /** Where it leads. */
  readonly location?: string;
};

/** A request on its way through the rules of its route. */
export type Passage = {
  readonly request: ClientRequest;
  readonly tables: Tables;
  readonly frontend: Frontend;
  /** As rows have it. */
  readonly host: string;
  readonly path: string;
  /** What a redirect's row is compared with. */
  readonly route: string;
  readonly target: Target;
  /** A variant serves it. */
  readonly isChosen: boolean;
  /** What the container gets in place of the request's own. */
  readonly sees: { host: string; path: string };
};

/** Whether the route asks for a rule. */
export const hasFlag = ({ target }: Passage, ...flags: readonly Flag[]): boolean =>
  flags.some((flag) => target.flags.has(flag));

/** A row about the request's route: its id, `|` and a word. */
export function rowOf(
  { tables, target }: Passage,
  word: string,
  table: TableName = ROUTES_MAP,
): string | undefined {
  return tableNamed(tables, table).get(`${target.id}|${word}` as TableKey);
}

/** The value of the first header of a name. */
export const headerOf = ({ headers }: ClientRequest, name: string): string | undefined =>
  headers.find((header) => header.name.toLowerCase() === name)?.value;

/** The request came by TLS, to HAProxy or to a trusted proxy in front of it. */
export const isByTls = ({ request }: Passage): boolean => request.scheme === "https";

/** TLS ended at a proxy in front: only that one knows its ports. */
export const isByProxy = ({ scheme }: ClientRequest, { tls, trustedProxies }: Frontend): boolean =>
  scheme === "https" && tls === undefined && trustedProxies.length > 0;

/** Path and query. */
export const withQuery = (path: string, { query }: ClientRequest): string => path + query;
