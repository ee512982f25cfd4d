import { onOneLine, visibleJson } from "../core/values/notice.ts";
import { sha256 } from "../core/values/sha256.ts";
import type { Against } from "./check_against.ts";
import type { Checked, Finding, Served } from "./checked.ts";

/** How `check` says what it found. */
export type CheckFormat = "text" | "json" | "github" | "gitlab" | "markdown";

/** Writes what was found in each format. */
export const CHECK_FORMATS: Readonly<Record<CheckFormat, (checked: Checked) => string>> = {
  text,
  json: (checked) => visibleJson(`${JSON.stringify(checked, undefined, 2)}\n`),
  github,
  gitlab,
  markdown,
};

const lines = (all: readonly string[]): string => all.map((line) => `${onOneLine(line)}\n`).join("");

function text({ served, findings, against }: Checked): string {
  const paragraphs = [...Map.groupBy(served, ({ service }) => service)].flatMap(([service, routes]) => {
    const [first] = routes;
    const place = first === undefined ? "" : ` (${first.file}:${first.line})`;
    return [`${service}${place}`, ...routes.flatMap(routeLines)];
  });
  return lines([
    ...paragraphs,
    ...findings.map((each) => `${each.file}:${each.line}: ${each.severity}: ${wordsOf(each)}`),
    ...against === undefined ? [] : againstLines(against),
  ]);
}

function againstLines({ changes, plan, reasons }: Against): readonly string[] {
  if (plan === "nothing" && changes.length === 0) return ["nothing would change"];
  const how = {
    nothing: "HAProxy is told nothing",
    runtime: "at run time, without a reload",
    reload: "by a reload",
  };
  return [
    ...changes.map(changeWords),
    `${how[plan]}${reasons.length === 0 ? "" : `: ${reasons.join("; ")}`}`,
  ];
}

const changeWords = ({ kind, route, detail }: Against["changes"][number]): string =>
  kind === "comes" || kind === "goes" ? `${route} ${kind} (${detail})` : `${route} ${kind} ${detail}`;

function routeLines({ hosts, address, containers, why, rules, redirects }: Served): readonly string[] {
  if (why !== undefined) return [`  serves nothing: ${why}`];
  const by = containers > 1 ? ` (${containers} containers)` : "";
  return [
    `  serves ${hosts.join(", ")}`,
    `  at ${address}${by}`,
    ...redirects.map(({ source, target, code, from }) =>
      `  redirects ${source} to ${target} with ${code}${of(from)}`
    ),
    ...rules.map(({ key, value, from }) => `  ${key}: ${value}${of(from)}`),
  ];
}

const of = (from: string | undefined): string => from === undefined ? "" : ` (${from})`;
const wordsOf = ({ service, message }: Finding): string =>
  service === "" ? message : `${service}: ${message}`;

const GITHUB: Readonly<Record<Finding["severity"], string>> = {
  error: "error",
  warning: "warning",
  info: "notice",
};

/** Workflow commands: what ends a value or begins another is written in percent signs (GitHub's runner, command.ts). */
function github({ findings, against }: Checked): string {
  const data = (value: string) =>
    onOneLine(value).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (value: string) => data(value).replaceAll(":", "%3A").replaceAll(",", "%2C");
  const found = findings.map((each) => {
    const place = `file=${property(each.file)},line=${each.line},title=signalbox`;
    return `::${GITHUB[each.severity]} ${place}::${data(wordsOf(each))}\n`;
  });
  const changes = against === undefined ? [] : againstLines(against);
  return [...found, ...changes.map((line) => `::notice title=signalbox::${data(line)}\n`)].join("");
}

const GITLAB: Readonly<Record<Finding["severity"], string>> = {
  error: "critical",
  warning: "major",
  info: "info",
};

/** A Code Quality report (GitLab, Code Quality report format); a fingerprint is the same wherever the line moves. */
function gitlab({ findings }: Checked): string {
  const seen = new Map<string, number>();
  const report = findings.map((each) => {
    const subject = [each.code, each.file, each.service, each.message].join("\0");
    const before = seen.get(subject) ?? 0;
    seen.set(subject, before + 1);
    return {
      description: wordsOf(each),
      check_name: each.code,
      fingerprint: sha256(`${subject}\0${before}`),
      severity: GITLAB[each.severity],
      location: { path: each.file.replace(/^\.\//, ""), lines: { begin: each.line } },
    };
  });
  return visibleJson(`${JSON.stringify(report, undefined, 2)}\n`);
}

function markdown({ served, findings, against }: Checked): string {
  const routes = served.map(({ service, hosts, address, why, rules, redirects }) => [
    code(service),
    why === undefined ? hosts.map(code).join("<br>") : `nothing: ${code(why)}`,
    address === undefined ? "" : code(address),
    [
      ...rules.map(({ key, value }) => code(`${key}: ${value}`)),
      ...redirects.map(({ source, target }) => code(`${source} → ${target}`)),
    ].join("<br>"),
  ]);
  const found = findings.map((each) => [
    code(`${each.file}:${each.line}`),
    each.severity,
    each.service === "" ? "" : code(each.service),
    code(each.message),
  ]);
  return [
    "### signalbox check\n",
    ...routes.length === 0 ? [] : [table(["service", "serves", "at", "guards and redirects"], routes)],
    ...against === undefined ? [] : [`${againstLines(against).map((line) => `- ${code(line)}\n`).join("")}`],
    ...found.length === 0
      ? ["Nothing to complain about.\n"]
      : [table(["where", "", "service", "what"], found)],
  ].join("\n");
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");

/** Foreign text as code, in which nothing is a link, a name of anybody's or HTML; a bar would end the cell (GFM, 4.10 and 6.1). */
function code(value: string): string {
  const text = onOneLine(value).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return text.includes("`") ? `${fence} ${text} ${fence}` : `${fence}${text || " "}${fence}`;
}
