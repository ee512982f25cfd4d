/** The repository's documents, and the blocks of code in them. */
import { fileURLToPath } from "node:url";

/** The repository's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A fenced block. The first word after the fence is its language, the others tell the tests what to do with it:
 * `sh run` is executed, `sh serve` runs beside what follows, `text output` is what the block before it prints,
 * `json data` is an INTERLOCK_DATA, `yaml compose` a compose file, `ini unit` a unit of systemd's.
 */
export type Block = {
  readonly language: string;
  readonly words: readonly string[];
  readonly body: string;
  /** Where the body begins in the document's text. */
  readonly at: number;
};

/** Reads a file of the repository. */
export const read = (path: string): Promise<string> => Deno.readTextFile(ROOT + path);

/** Whether the repository has a file or folder. */
export const exists = (path: string): Promise<boolean> =>
  Deno.stat(ROOT + path).then(() => true, () => false);

/** The paths of all documents: those of the root and those of docs. */
export async function documents(): Promise<string[]> {
  return [...await markdownIn(""), ...await manual()];
}

/** The paths of the pages below docs. */
export async function manual(): Promise<string[]> {
  return [...await markdownIn("docs/"), ...await markdownIn("docs/decisions/")];
}

async function markdownIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isFile } of Deno.readDir(ROOT + folder)) {
    if (isFile && name.endsWith(".md")) found.push(folder + name);
  }
  return found.sort();
}

/** The fenced blocks of a document, in their order. */
export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^ *```(\w*)([^\n`]*)\n([\s\S]*?)^ *```$/gm)].map((match) => {
    const [whole, language = "", more = "", body = ""] = match;
    return {
      language,
      words: more.split(" ").filter((word) => word !== ""),
      body,
      at: match.index + whole.indexOf("\n") + 1,
    };
  });
}

/** A document without its fenced blocks. */
export const proseOf = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```$/gm, "");

/** The lines of a block, with those that a backslash continues as one. */
export const linesOf = (body: string): string[] => body.replaceAll("\\\n", " ").split("\n");
