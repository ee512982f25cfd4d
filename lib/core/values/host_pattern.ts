import { parseSmallExpression } from "./expression.ts";
import type { HostName } from "./names.ts";
import { expected, type Parsed, parsed } from "./notice.ts";

/** What stands before the expression in the name of a host that is a pattern: no client can ask for a host with it. */
const MARK = "~";

/** The host of a route that takes what nobody else serves: no client can ask for it. */
export const EVERY_HOST = "*" as HostName;

/**
 * Reads a pattern of hosts. It is a host of its own in hosts.map, `~` and its expression; HAProxy finds that by a table of
 * patterns, after exact hosts and wildcards.
 */
export function parseHostPattern(text: string): Parsed<HostName> {
  const expression = parseSmallExpression(text.replace(/^~/, ""));
  if (!expression.ok) return expression;
  const pattern = expression.value.text;
  return /[/%@:,;=&!~]/.test(pattern) || pattern === ""
    ? expected("a pattern of hosts: letters, digits, -, _ and \\. with [ ] ( ) | * + ? { }")
    : parsed(`${MARK}${pattern}` as HostName);
}

/** Whether a host is a pattern. */
export const isHostPattern = (host: HostName): boolean => host.startsWith(MARK);

/** The regular expression of a host that is a pattern, for the whole host. */
export const expressionOf = (host: HostName): string => `^${host.slice(MARK.length)}$`;
