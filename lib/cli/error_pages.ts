import { type ErrorPages, isErrorPage, parseErrorPages } from "../core/model/error_pages.ts";
import type { Settings } from "../core/settings/settings.ts";
import { messageOf } from "../core/values/message_of.ts";
import { wrongUsage } from "./failure.ts";

type Folder = Pick<Settings, "errorPages" | "headerSizeBytes">;

/** A file that is larger holds no page: blanks are all that a page loses on its way to HAProxy. In buffers of HAProxy's. */
const MOST_BUFFERS = 4;

/** The pages of `--error-pages`; `undefined` without that setting. Throws Failure with code 2. */
export async function readErrorPages(
  { errorPages: folder, headerSizeBytes }: Folder,
): Promise<ErrorPages | undefined> {
  if (folder === undefined) return undefined;
  const files = new Map<string, string>();
  try {
    for (const path of await pagesOf(folder)) {
      const { isFile, size } = await Deno.stat(`${folder}/${path}`);
      // Reading a pipe might never end.
      if (!isFile) throw new Error(`${path} is no regular file`);
      if (size > MOST_BUFFERS * headerSizeBytes) throw new Error(`${path} has ${size} bytes`);
      const bytes = await Deno.readFile(`${folder}/${path}`);
      files.set(path, decode(bytes, path));
    }
  } catch (error) {
    throw wrongUsage(`cannot read --error-pages "${folder}": ${messageOf(error)}`);
  }
  const pages = parseErrorPages(files, headerSizeBytes);
  if (pages.ok) return pages.value;
  throw wrongUsage(`cannot use --error-pages "${folder}": expected ${pages.expected}`);
}

/**
 * What tells one state of the folder from another without reading the pages: their names, times and sizes; `undefined`
 * where it cannot be read.
 */
export async function lookOfErrorPages(folder: string): Promise<string | undefined> {
  try {
    const looks = (await pagesOf(folder)).map(async (path) => {
      const { mtime, size, ino } = await Deno.stat(`${folder}/${path}`);
      return `${path} ${mtime?.getTime()} ${size} ${ino}\n`;
    });
    return (await Promise.all(looks)).join("");
  } catch {
    return undefined;
  }
}

/** The paths of the pages below the folder, sorted. */
async function pagesOf(folder: string): Promise<readonly string[]> {
  const names = await namesIn(folder);
  const paths = names.filter(isErrorPage);
  // A page below a folder tells that its name is one of a set.
  for (const name of names.filter((name) => isErrorPage(`${name}/503.html`))) {
    if (!(await Deno.stat(`${folder}/${name}`)).isDirectory) continue;
    for (const page of await namesIn(`${folder}/${name}`)) {
      if (isErrorPage(`${name}/${page}`)) paths.push(`${name}/${page}`);
    }
  }
  return paths.sort();
}

const namesIn = async (folder: string): Promise<string[]> =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${path} is no UTF-8`);
  }
}
