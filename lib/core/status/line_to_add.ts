import { KEY_OF_LABEL } from "../keys/route_keys.ts";
import { nearKey } from "../keys/near_key.ts";
import { type LabelPrefix, PREFIX } from "../labels/label_parts.ts";
import { isKeyName } from "../keys/route_keys.ts";
import { shownLabel } from "../labels/shown_words.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";

/**
 * The line that a container lacks where it serves nothing, by the reason why not: a label, or what Docker is to be told;
 * `undefined` where no one line helps.
 */
export function lineToAdd(
  container: ContainerView,
  why: string,
  prefix: LabelPrefix = PREFIX,
): string | undefined {
  const line = LINES.find(([pattern]) => pattern.test(why))?.[1];
  return line?.(container, prefix, why);
}

type Line = (container: ContainerView, prefix: LabelPrefix, why: string) => string | undefined;

/** By how a reason begins, or what stands in it; the first one that fits. */
const LINES: readonly (readonly [why: RegExp, line: Line])[] = [
  [/--opt-in is set|enable".* is false$/, (_, prefix) => `${prefix}enable=true`],
  [
    /^(?:it names no host|on the host's network)/,
    (container, prefix) =>
      meantHost(container, prefix) ?? hostElsewhere(container, prefix) ??
        `${prefix}hostname=${safeName(container)}.example.com`,
  ],
  [/has no domain: expected a domain/, (_, prefix) => `${prefix}domain=example.com`],
  [/^no port to use/, (_container, _prefix, why) => exposing(8080, why)],
  [/^it has no port [0-9]+/, ({ exposed }, prefix, why) => {
    const port = exposed.find(({ protocol }) => protocol === "tcp")?.port;
    // A label names a port, and nothing declares one: the label is more likely right.
    return port === undefined ? exposing(Number(/[0-9]+/.exec(why)?.[0]), why) : `${prefix}port=${port}`;
  }],
  [
    /(?:expected another host|when that one is gone)$/,
    (container, prefix) => `${prefix}hostname=${safeName(container)}.example.com`,
  ],
  [/^it is paused$/, (container) => `docker unpause ${safeName(container)}`],
];

/** Docker refuses `--expose` beside another's network. */
const exposing = (port: number, why: string): string | undefined =>
  why.endsWith("whose network it uses") ? undefined : `--expose ${port}`;

/** The host that a label with a slip in its name was to say. */
function meantHost({ labels }: ContainerView, prefix: LabelPrefix): string | undefined {
  for (const [label, text] of Object.entries(labels)) {
    const word = label.slice(prefix.length);
    if (!label.startsWith(prefix) || isKeyName(word) || KEY_OF_LABEL.has(word)) continue;
    if (nearKey(word) === "hostname") return `${prefix}hostname=${shownLabel(label, text, prefix)}`;
  }
  return undefined;
}

/** The host that it told another tool. */
const hostElsewhere = ({ otherTool }: ContainerView, prefix: LabelPrefix): string | undefined =>
  otherTool?.host === undefined ? undefined : `${prefix}hostname=${otherTool.host}`;

/** A container's name as it can stand in a host, or the beginning of its id. */
function safeName({ name, id }: ContainerView): string {
  return /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(name) ? name : id.slice(0, 12);
}
