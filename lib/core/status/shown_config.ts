/** The configuration that HAProxy has, as it is shown to people. */
export type ShownConfig = {
  /** haproxy.cfg, and the tables and scripts beside it, without secrets. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** What the last change made of those of before, as a unified diff; empty where none came before. */
  readonly diff: string;
};
