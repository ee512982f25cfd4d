import { createTwoFilesPatch } from "diff";

/** The time for the shortest patch grows with the square of the lines that differ: 1,500 take about a second. */
const MOST_EDITS = 1_500;

/** The unified diff from one text to another, which differs. Where very many lines differ, it replaces all of them. */
export function patchOf(before: Named, after: Named): string {
  const shortest = createTwoFilesPatch(
    before.name,
    after.name,
    before.text,
    after.text,
    undefined,
    undefined,
    {
      maxEditLength: MOST_EDITS,
    },
  );
  return (shortest ?? wholePatch(before, after)).replace(/^=+\n/, "");
}

type Named = { readonly name: string; readonly text: string };

function wholePatch(before: Named, after: Named): string {
  const [gone, come] = [linesOf(before.text), linesOf(after.text)];
  const range = (count: number) => `${Math.min(count, 1)},${count}`;
  return [
    `--- ${before.name}`,
    `+++ ${after.name}`,
    `@@ -${range(gone.length)} +${range(come.length)} @@`,
    ...gone.map((line) => `-${line}`),
    ...come.map((line) => `+${line}`),
    "",
  ].join("\n");
}

/** The lines of a text, each of which a line break ends. */
const linesOf = (text: string): string[] => text === "" ? [] : text.replace(/\n$/, "").split("\n");
