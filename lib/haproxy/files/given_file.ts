import { isTrustedUser, lookAlong, UntrustedPathError } from "./trusted_path.ts";

/**
 * The text of a file that a user names by hand, and that another user may have put there: follows no links of others, and
 * opens no pipes and devices of others, which may never end. Throws UntrustedPathError.
 */
export async function readGiven(path: string, kind: "file" | "file or pipe"): Promise<string> {
  // A pipe that the shell gave us (`<(…)`) is ours, and its name is no path that Deno lets us follow.
  if (/^\/dev\/(?:fd\/\d+|stdin)$/.test(path)) return await Deno.readTextFile(path);
  const found = lookAlong(path);
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
