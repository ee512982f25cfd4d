import type { InForce } from "./in_force.ts";
import type { RequestInWords } from "./told_request.ts";

/** The configuration that HAProxy has, as it is shown to people. */
export type ShownConfig = {
  /** haproxy.cfg, and the tables and scripts beside it, without secrets. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** What the last change made of those of before, as a unified diff; empty where none came before. */
  readonly diff: string;
};

/** What becomes of a request that somebody tries out, or why that cannot be said. */
export type TriedRequest = { readonly ways: readonly RequestInWords[] } | { readonly trouble: string };

/** A request that is tried out, as it is typed. */
export type TriedWords = {
  readonly url: string;
  readonly method: string;
  /** One a line. */
  readonly headers: string;
  readonly from: string;
};

/** What the page asks for, beside the live picture. */
export type PageAnswers = {
  readonly config: () => Promise<ShownConfig>;
  readonly tryRequest: (words: TriedWords) => TriedRequest;
  /** What is in force for a route, by its key in the picture; `undefined` for one that is gone. */
  readonly inForce: (key: string) => InForce | undefined;
};
