import { hasSecrets } from "../../core/config/hide_secrets.ts";
import type { FileSet } from "../../core/config/render.ts";
import { linkCertificates } from "./certificate_links.ts";
import { inFolderOf, type Trust } from "./trusted_path.ts";

/**
 * Writes a set of files beside each other, each by a rename, haproxy.cfg last and under the path's own name. What has
 * secrets in it is for its owner alone. Certificates are links to the operator's files.
 */
export function copyFiles({ files, certificates }: FileSet, path: string, trust: Trust): void {
  const slash = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, slash);
  if (certificates !== undefined) linkCertificates(certificates, folder, trust);
  const sorted = [...files].sort(([a], [b]) => Number(a === "haproxy.cfg") - Number(b === "haproxy.cfg"));
  for (const [file, text] of sorted) {
    const name = file === "haproxy.cfg" ? path.slice(slash) || file : file;
    writeFile(folder + name, text, trust, hasSecrets(file, text) ? "its owner" : "all");
  }
}

/**
 * Writes a file by a rename, and makes missing folders. A trusted link stays, and its target is written. Throws
 * UntrustedPathError, and where something other than a file is there.
 */
export function writeFile(
  path: string,
  text: string,
  trust: Trust,
  readers: "all" | "its owner" = "all",
): void {
  inFolderOf(path, trust, (name, place) => {
    const temporary = writeBeside(name, place, text, readers);
    try {
      Deno.renameSync(temporary, name);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  });
}

/**
 * Throws where a file could not be written. It does not open what is there: another user may have put a pipe there, and
 * opening that would block.
 */
export function tryWriting(path: string, trust: Trust): void {
  inFolderOf(path, trust, (name, place) => removeQuietly(writeBeside(name, place, "", "all")));
}

/** Writes a text under a temporary name beside a file that it may replace. */
function writeBeside(name: string, place: string, text: string, readers: "all" | "its owner"): string {
  if (isOther(name)) throw new Error(`${place} is no regular file`);
  const temporary = `.${name.slice(0, 100)}.signalbox-${crypto.randomUUID().slice(0, 8)}`;
  try {
    const mode = readers === "all" ? {} : { mode: 0o600 };
    Deno.writeTextFileSync(temporary, text, { createNew: true, ...mode });
    return temporary;
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Writes a set of files into a folder that is ours alone. */
export async function fillFolder(folder: string, { files, certificates }: FileSet): Promise<void> {
  if (certificates !== undefined) linkCertificates(certificates, `${folder}/`, "links");
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
