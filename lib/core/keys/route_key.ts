import type { HaproxyVersion } from "./backend_option.ts";
import type { Inputs, Kind } from "./key_kind.ts";
import type { Parsed } from "../values/notice.ts";
import type { Flag, RouteId } from "../values/names.ts";
import type { RouteRow } from "./route_row.ts";

/**
 * Where a key stands in HAProxy, which decides how it changes: which host, path and address it is about (`place`), a flag
 * and rows of tables (`route`: the containers of one route must agree), a line of the backend (they must agree, too), the
 * server's own line, or a listener.
 */
export type Scope = "place" | "route" | "backend" | "server" | "listener";

type Parser<K extends Kind> = (value: Inputs[K], version: HaproxyVersion) => Parsed<unknown>;

/** A key that takes from another one: a guard of one container is not weakened by what another container says. */
export type Yield = {
  readonly to: string;
  /** Whose word of that key counts: that of each other container, or of an older one alone. */
  readonly of: "others" | "older";
  /** What stays of a value, and what does not, as messages name it. `other` has all that the other container says. */
  readonly split: (
    value: never,
    other: never,
  ) => { readonly kept: unknown; readonly left: readonly string[] };
};

/** All that there is to know of a key that a container may use; types, merging and the documents follow from it. */
export type RouteKey =
  & {
    /** Its label, without `interlock.` in front; lists take `.N` after it too. */
    readonly label: string;
    /** What a wrong value costs: the key alone, or the route, which is then left out. */
    readonly costs: "key" | "route";
    /**
     * It narrows, redirects or protects the route, or keeps it closed: who writes nearly its name means it, so that such
     * a word costs the route as a wrong value does. What was to be closed is never opened by a mistake.
     */
    readonly isGuard?: boolean;
    /** Its values are hashes of passwords and the like: no message and no saved snapshot has them. */
    readonly isSecret?: boolean;
    /**
     * Its values may have tokens in them. No message has more of a wrong one than its first word (`all`), its URL without user
     * and query (`query`), or its check without headers (`headers`).
     */
    readonly hidesValue?: "all" | "query" | "headers";
    /** What of a value, or of an element of a list, a saved snapshot has: it costs and renders the same, but for what is hidden. */
    readonly kept?: (text: string) => string;
    /** What counts where no container says it; `undefined` for nothing, or for a rule of MERGE_RULES. */
    readonly fallback?: unknown;
    /** The key that it does nothing without, and for which of its values the route would then be open. */
    readonly needs?: { readonly key: string; readonly isOpenWithout?: (value: never) => boolean };
    /** A value of another key that it must not stand beside: the route is left out. `with` is that value, for messages. */
    readonly clash?: {
      readonly key: string;
      readonly isClash: (other: unknown) => boolean;
      readonly with: string;
    };
    /** What of its value does not count beside the words of other containers of the route. */
    readonly yields?: readonly Yield[];
    /** The first HAProxy that has it; none where every one that signalbox knows does. */
    readonly since?: HaproxyVersion;
    /** A list that all containers of a route make together, the oldest first; else the oldest that says it decides. */
    readonly isShared?: boolean;
    /** What an element of such a list is about: of two that are about the same, the older container's counts. */
    readonly subjectOf?: (element: never) => string;
    /** Tells the value that is in force, for `explain`; absent for keys that it does not tell. Tells no secret. */
    readonly shown?: (value: never) => string;
    /**
     * It holds for routes of TCP too; with `tls`, only for those that are told by SNI, with `ended`, for those of them whose TLS
     * HAProxy ends. Every other key is about HTTP.
     */
    readonly streams?: "tcp" | "tls" | "ended";
    /** Which of its values hold there, where not all do. */
    readonly isForStreams?: (value: never) => boolean;
    /** The list that takes several of its values, where it takes one. */
    readonly severalIn?: string;
    /** What other tools call it: words that are not near by their letters. */
    readonly otherNames?: readonly string[];
    readonly meaning: string;
  }
  & (
    | { readonly scope: Exclude<Scope, "route"> }
    | {
      readonly scope: "route";
      /**
       * Stands in hosts.map behind the route's backend where the key has a value other than false: the frontend's rules
       * for the key look at it, and close the route where it is there and their row is missing.
       */
      readonly flag: Flag;
      /** For which of its values the flag stands, where that is not for all but false. */
      readonly isFlagged?: (value: never) => boolean;
      /**
       * The rows that its value makes in tables; they hold for all hosts and paths of the route. `beside` has what the route
       * asks for in all.
       */
      readonly rows?: (value: never, route: RouteId, beside: never) => readonly RouteRow[];
    }
  )
  & (
    | { readonly kind: "boolean"; readonly parse?: undefined }
    /** Reads one value of the kind. */
    | { readonly kind: "integer" | "port" | "time" | "size"; readonly parse: Parser<"integer"> }
    | { readonly kind: "string"; readonly parse: Parser<"string"> }
    | { readonly kind: "integer" | "port" | "time"; readonly parse: Parser<"integer"> }
    | { readonly kind: "string" | "text"; readonly parse: Parser<"string"> }
    | {
      readonly kind: "string[]";
      readonly parse: Parser<"string[]">;
      /** How many elements there may be, where that is less than of any list. */
      readonly most?: number;
      /** Makes an element of a name and its text where JSON has an object in place of the list; `undefined` for null and false. */
      readonly fromPair?: (name: string, text: string | undefined) => string;
      /** What a good element means, where that is not what its text seems to say; fits behind a comma. */
      readonly remarkOn?: (text: string) => string | undefined;
      /** A text in JSON is a list of one. */
      readonly takesOne?: boolean;
    }
  );
