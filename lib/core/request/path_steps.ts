import { LONGEST_PATTERN_PATH } from "../keys/redirect.ts";
import { PATH_PATTERNS_MAP, PREFIXES_MAP } from "../values/table.ts";
import { longestKey, tableNamed } from "./lookup.ts";
import { firstReplaced } from "./replaced.ts";
import { hasFlag, type Passage, type Step } from "./step.ts";

/** `/..` in any spelling, also encoded twice (route_strip.eta). */
const DOTS = new RegExp(
  String
    .raw`(/|\\|%(25){0,9}((2|%(25){0,9}32)(f|%(25){0,9}[46]6)|(5|%(25){0,9}35)(c|%(25){0,9}[46]3)))(\.|%(25){0,9}(2|%(25){0,9}32)(e|%(25){0,9}[46]5)){2}(/|\\|;|%|$)`,
  "i",
);

/** The container sees another path than the client. */
export function pathSteps(passage: Passage): Step[] {
  const { tables, target, path, sees } = passage;
  const [isStripped, isRewritten] = [hasFlag(passage, "strip"), hasFlag(passage, "regex")];
  if (!isStripped && !isRewritten) return [];
  if (DOTS.test(path)) {
    const says = "refuses .. in a path that it rewrites";
    return [{ rule: "strip", keys: [...STRIP, ...REGEX], outcome: "answers", says, status: 400 }];
  }
  const steps: Step[] = [];
  if (isStripped) {
    const table = tableNamed(tables, PREFIXES_MAP);
    const row = longestKey(table, `${target.id}|${path}/`);
    const value = row === undefined ? undefined : table.get(row);
    if (value === undefined) {
      const says = "does not know which prefix to take off, and refuses";
      return [{ rule: "strip", keys: STRIP, outcome: "answers", says, status: 503 }];
    }
    const [prefix = "", segments = "0", place = ""] = value.split("|");
    const rest = Number(segments) === 0 ? path : `/${path.split("/").slice(Number(segments) + 1).join("/")}`;
    sees.path = place + rest;
    const says = `shows the container ${sees.path} in place of ${
      prefix === "" ? "the path" : `the prefix ${prefix}`
    }`;
    steps.push({ rule: "strip", keys: STRIP, outcome: "changes", says });
  }
  if (!isRewritten) return steps;
  const whole = sees.path;
  const rewritten = whole.length > LONGEST_PATTERN_PATH
    ? undefined
    : firstReplaced(tableNamed(tables, PATH_PATTERNS_MAP), `${target.id}|${whole}`);
  const rule = { rule: "strip", keys: REGEX } as const;
  if (rewritten === undefined) {
    return [...steps, {
      ...rule,
      outcome: "passes",
      says: "rewrites paths that match a pattern; this one does not",
    }];
  }
  if (DOTS.test(rewritten)) {
    const says = "refuses .. in the path that it wrote";
    return [...steps, { ...rule, outcome: "answers", says, status: 400 }];
  }
  sees.path = rewritten;
  return [...steps, { ...rule, outcome: "changes", says: `shows the container ${rewritten}` }];
}

const STRIP = ["context_root_rewrite", "context_root_target", "context_root"] as const;
const REGEX = ["path_regex", "path_replacement"] as const;
