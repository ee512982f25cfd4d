import { type LabelPrefix, PREFIX } from "../labels/label_parts.ts";
import type { ContainerView, OtherTool } from "../snapshot/snapshot.ts";
import type { HostName } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { RoutingSettings } from "./routing_settings.ts";

/** What became of one thing that a container offers. */
type Offered = { readonly offer?: { readonly own: { readonly host: HostName } } };

/**
 * The odd parts of a container, and the words of another tool where it says nothing to us: for people who come from there. Nothing
 * is told of them where containers ask for their routes (`--opt-in`), and where it serves the host that they name.
 */
export function oddNotices(
  container: ContainerView,
  attempts: readonly Offered[],
  { isOptIn, labelPrefix = PREFIX }: RoutingSettings,
): readonly Notice[] {
  const { otherTool: tool, oddities, name: subject } = container;
  if (tool === undefined || isOptIn) return oddities;
  const served = attempts.flatMap(({ offer }) => offer?.own.host ?? []);
  if (served.length > 0 && (tool.host === undefined || served.includes(tool.host))) return oddities;
  const lines = linesFor(container, tool, labelPrefix).join(" and ");
  const message = `has ${wordsOf(tool)}, which signalbox does not read: expected ${lines} (${
    PAGES[tool.name]
  })`;
  return [...oddities, { severity: "info", code: "other-tool", subject, message }];
}

const RECIPES = "docs/recipes.md has its words in ours, with those that protect";
const PAGES: Readonly<Record<OtherTool["name"], string>> = {
  "Traefik": RECIPES,
  "caddy-docker-proxy": RECIPES,
  "nginx-proxy": RECIPES,
  "another prefix": "--label-prefix names another prefix",
};

function wordsOf({ name, source, word }: OtherTool): string {
  if (source === "variable") return `the variable ${word} of ${name}`;
  return name === "another prefix"
    ? `labels such as ${quote(word)}`
    : `labels of ${name}, such as ${quote(word)}`;
}

/** The lines that ask for the same in our words. */
function linesFor(
  { exposed, task, plannedAs }: ContainerView,
  { host, port }: OtherTool,
  prefix: LabelPrefix,
): readonly string[] {
  const hostname = `${prefix}hostname=${host ?? "www.example.com"}`;
  if (port === undefined) return [hostname];
  const tcp = exposed.filter(({ protocol }) => protocol === "tcp");
  const isThere = tcp.some((each) => each.port <= port && port <= (each.last ?? each.port));
  // A port counts that is declared; of tasks and files nobody knows which are.
  const isDeclared = isThere || task !== undefined || plannedAs !== undefined;
  const isOnly = isThere ? tcp.length === 1 && tcp[0]?.last === undefined : !isDeclared && tcp.length === 0;
  return [hostname, ...isOnly ? [] : [`${prefix}port=${port}`], ...isDeclared ? [] : [`--expose ${port}`]];
}
