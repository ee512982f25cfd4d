import { diffLines } from "diff";
import { onceEach } from "../../lib/core/values/once.ts";

const HEADER = /^(global|defaults|frontend|backend|listen|ring|peers|cache|resolvers|userlist)\b.*$/;


/**
 * The sections of a config that another one has not, word for word. Of one that both have, it is the lines that came (`+`)
 * and went (`-`). What the other one has beyond it is named at the end.
 */
export function ownSections(config: string, other: string): string {
  const known = sectionsOfOther(other);
  const own = sectionsOf(config);
  const texts = [...own].filter(([header, text]) => known.get(header) !== text)
    .map(([header, text]) => changesOf(header, known.get(header), text));
  const missing = [...known.keys()].filter((header) => !own.has(header));
  if (missing.length > 0) texts.push(missing.map((header) => `# absent: ${header}\n`).join(""));
  return texts.join("\n");
}

function changesOf(header: string, before: string | undefined, now: string): string {
  if (before === undefined) return now;
  const changes = diffLines(before, now).flatMap(({ added, removed, value }) =>
    added || removed
      ? value.split("\n").slice(0, -1).filter((line) => line.trim() !== "")
        .map((line) => `${added ? "+" : "-"} ${line.trim()}\n`)
      : []
  );
  return `${header}\n${changes.join("")}`;
}

/** All cases are compared with the same one. */
const sectionsOfOther = onceEach(sectionsOf);

/** Each section by its first line, with the comments above it. Blank lines between sections belong to none. */
function sectionsOf(config: string): Map<string, string> {
  const sections = new Map<string, string>();
  let header = "";
  let lines: string[] = [];
  let comments: string[] = [];
  const close = () => {
    while (lines.at(-1) === "") lines.pop();
    if (lines.length > 0) sections.set(header, lines.map((line) => `${line}\n`).join(""));
  };
  for (const line of config.split("\n")) {
    if (line.startsWith("#")) comments.push(line);
    else if (HEADER.test(line)) {
      close();
      [header, lines, comments] = [line, [...comments, line], []];
    } else {
      lines.push(...comments, line);
      comments = [];
    }
  }
  lines.push(...comments);
  close();
  return sections;
}
