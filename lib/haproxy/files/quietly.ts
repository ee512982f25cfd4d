/** What is at a path, links not followed; `undefined` where nothing is, or where it cannot be looked at. */
export function lookQuietly(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Removes a file, or a folder with all that is in it, if it is there and can be removed. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // It was not even made.
  }
}
