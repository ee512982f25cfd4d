/**
 * Goes to `/` where the folder that we were started in is gone: the compiled binary can start no program from there,
 * whatever folder that one is to have.
 */
export function leaveLostFolder(): void {
  try {
    Deno.cwd();
  } catch {
    Deno.chdir("/");
  }
}
