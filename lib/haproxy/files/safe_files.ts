import type { Files } from "../../core/config/render.ts";
import { inFolderOf, type Trust } from "./trusted_path.ts";

/** Writes a set of files beside each other, each by a rename, haproxy.cfg last and under the path's own name. */
export function copyFiles(files: Files, path: string, trust: Trust): void {
  const slash = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, slash);
  const sorted = [...files].sort(([a], [b]) => Number(a === "haproxy.cfg") - Number(b === "haproxy.cfg"));
  for (const [file, text] of sorted) {
    const name = file === "haproxy.cfg" ? path.slice(slash) || file : file;
    writeFile(folder + name, text, trust);
  }
}

/**
 * Writes a file by a rename; missing folders are made. A link that may be followed stays one, and what it leads to is
 * written. Throws UntrustedPathError, and where there is something else than a file.
 */
export function writeFile(path: string, text: string, trust: Trust): void {
  inFolderOf(path, trust, (name, place) => {
    if (isOther(name)) throw new Error(`${place} is no regular file`);
    const temporary = `.${name.slice(0, 100)}.signalbox-${crypto.randomUUID().slice(0, 8)}`;
    try {
      Deno.writeTextFileSync(temporary, text, { createNew: true });
      Deno.renameSync(temporary, name);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  });
}

/** Writes a set of files into a folder that is ours alone. */
export async function fillFolder(folder: string, files: Files): Promise<void> {
  for (const [name, text] of files) await Deno.writeTextFile(`${folder}/${name}`, text);
}

function isOther(name: string): boolean {
  try {
    return !Deno.lstatSync(name).isFile;
  } catch {
    return false;
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not even made.
  }
}
