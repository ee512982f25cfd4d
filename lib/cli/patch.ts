import { createTwoFilesPatch } from "diff";

/** The time for the shortest patch grows with the square of the lines that differ: 1,500 take about a second. */
const MOST_EDITS = 1_500;
/** In parts, each of them costs a turn besides: who waits sees something within a few seconds. */
const MOST_EDITS_IN_PARTS = 800;

/** The unified diff from one text to another, which differs. Where very many lines differ, it replaces all of them. */
export function patchOf(before: Named, after: Named): string {
  const { name, text } = before;
  const limit = { maxEditLength: MOST_EDITS };
  const shortest = createTwoFilesPatch(name, after.name, text, after.text, undefined, undefined, limit);
  return withoutRule(shortest ?? wholePatch(before, after));
}

/** The same, in small parts: between them others have their turn. A `run` that compared for a second would drain nobody meanwhile. */
export async function patchInParts(before: Named, after: Named): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  createTwoFilesPatch(before.name, after.name, before.text, after.text, undefined, undefined, {
    maxEditLength: MOST_EDITS_IN_PARTS,
    callback: resolve,
  });
  return withoutRule(await promise ?? wholePatch(before, after));
}

/** The line of `=` in front is for several files in one. */
const withoutRule = (patch: string): string => patch.replace(/^=+\n/, "");

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
