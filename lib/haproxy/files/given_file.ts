import { isTrustedUser, lookAlong, UntrustedPathError } from "./trusted_path.ts";

/**
 * The text of a file that somebody names by hand, who may read more than the one who put it there: links of others are not
 * followed, and their pipes and devices, which may never end, are not opened. Throws UntrustedPathError.
 */
export async function readGiven(path: string, kind: "file" | "file or pipe"): Promise<string> {
  const found = lookAlong(path);
  // A pipe of the shell's has a name that is no place.
  if (found === undefined) return await Deno.readTextFile(path);
  if (!found.isFile) {
    if (kind === "file") throw new Error("it is no regular file");
    if (isTrustedUser(found.uid)) return await Deno.readTextFile(path);
    throw new UntrustedPathError(`it is no regular file, and user ${found.uid} has made it`);
  }
  const file = await Deno.open(path);
  const { ino, dev } = await file.stat();
  if (ino === found.ino && dev === found.dev) return await new Response(file.readable).text();
  file.close();
  throw new UntrustedPathError("another file was put in its place in this moment");
}
