import type { HaproxyVersion } from "../keys/backend_option.ts";
import type { RouteKey } from "../keys/route_key.ts";
import { KEY_OF_LABEL, type KeyName, keyNamed } from "../keys/route_keys.ts";
import { quote } from "../values/notice.ts";
import { isOfInterlock2 } from "./interlock2.ts";

/** Elements that a message names. */
const MOST_NAMED = 4;
/** Characters of a text that is looked at: each element costs a parser. */
const LONGEST_TEXT = 1_024;

/**
 * How several values are written that stand in one text, as in `interlock.host=a.example.com,b.example.com`, for behind
 * what was expected; nothing where a part of the text is no value by itself. `label` is the one that said it.
 */
export function severalOf(
  rule: RouteKey,
  label: string | undefined,
  text: unknown,
  version: HaproxyVersion,
): string {
  const list = listFor(rule);
  if (list === undefined || typeof text !== "string" || text.length > LONGEST_TEXT) return "";
  const parts = text.split(/[,;]/).map((part) => part.trim()).filter((part) => part !== "");
  const isRead = (part: string) => list.row.parse?.(part as never, version).ok === true;
  if (parts.length < 2 || !parts.every(isRead)) return "";
  const named = parts.slice(0, MOST_NAMED);
  const more = parts.length > named.length ? " …" : "";
  const base = label === undefined ? "" : baseOf(label);
  if (base === undefined) return "";
  const line = label === undefined
    ? `${quote(list.name)}: [${named.map((part) => quote(part)).join(", ")}${more}]`
    : `${
      named.map((part, at) => `${base}${list.row.label}.${at + 1}=${quote(part).slice(1, -1)}`).join(" and ")
    }${more}`;
  return `; several are written as ${line}`;
}

/** The list that a key is, or that takes several of its values. None of those that may have secrets in them is shown. */
function listFor(rule: RouteKey): { readonly name: KeyName; readonly row: RouteKey } | undefined {
  const name = rule.kind === "string[]"
    ? KEY_OF_LABEL.get(rule.label)
    : rule.severalIn as KeyName | undefined;
  if (name === undefined || rule.isSecret === true || rule.hidesValue !== undefined) return undefined;
  return { name, row: keyNamed(name) };
}

/** What stands in front of a label's key; Interlock 2's have no lists by numbers. */
const baseOf = (label: string): string | undefined =>
  isOfInterlock2(label) ? undefined : label.slice(0, label.lastIndexOf(".") + 1);
