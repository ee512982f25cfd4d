import { onceEach } from "../values/once.ts";
import { sha256 } from "../values/sha256.ts";
import type { Frontend } from "../model/model.ts";
import type { Templates } from "./templates.ts";

/** Lua files of ours that HAProxy loads, each for one thing that routes ask for; `NAME.eta` is its template. */
export const LUA_FILES: readonly string[] = [
  "headers.lua",
  "header_values.lua",
  "forward_auth.lua",
  "variants.lua",
];

/** What global.eta and the frontend's rules know of the Lua files. */
export type Lua = {
  readonly files: readonly string[];
  /** Tells one text of the files from another: so a changed file changes the config, and HAProxy is reloaded. */
  readonly sum: string;
};

/** Where a user's own template of these loads the files no more, the frontend has no rule that calls them. */
const LOADED_BY = ["haproxy.cfg.eta", "global.eta"];

/** The texts of the Lua files, by name; none where a user's own template does not load them. */
export function luaTexts(
  templates: Templates,
  { headerSizeBytes }: Pick<Frontend, "headerSizeBytes">,
): ReadonlyMap<string, string> {
  if (LOADED_BY.some((name) => templates.overlaid.has(name))) return new Map();
  return new Map(LUA_FILES.map((name) => [name, templates.render(`${name}.eta`, { headerSizeBytes })]));
}

/** What templates get of the Lua files; `undefined` where there are none. */
export function luaOf(texts: ReadonlyMap<string, string>): Lua | undefined {
  if (texts.size === 0) return undefined;
  return { files: [...texts.keys()], sum: sumOf([...texts.values()].join("\n")) };
}

/** A program has few such texts: one for each set of settings. */
const sumOf = onceEach((text) => sha256(text).slice(0, 16));
