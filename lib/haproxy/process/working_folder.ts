/**
 * Changes to `/` where the folder is gone that signalbox was started in: the compiled binary can start no program from
 * there, whatever working folder that program gets.
 */
export function leaveLostFolder(): void {
  try {
    Deno.cwd();
  } catch {
    Deno.chdir("/");
  }
}
