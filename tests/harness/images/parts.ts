/** What images are put together from: files of this machine, busybox, and the libraries of programs. */
import { dirname, join } from "node:path";
import { docker } from "../docker_cli.ts";

/**
 * Imports an image that consists of what `fill` puts into a folder; `changes` are lines as a Dockerfile has them. It is for the
 * tests' engine, unless another one is named.
 */
export async function importImage(
  name: string,
  changes: readonly string[],
  fill: (root: string) => Promise<void>,
  at: typeof docker = docker,
): Promise<void> {
  const area = await Deno.makeTempDir({ prefix: "signalbox-image-" });
  try {
    const root = join(area, "root");
    await Deno.mkdir(join(root, "tmp"), { recursive: true });
    await fill(root);
    await runOrThrow("tar", "-C", root, "-cf", join(area, "image.tar"), ".");
    await at("import", ...changes.flatMap((change) => ["-c", change]), join(area, "image.tar"), name);
  } finally {
    await Deno.remove(area, { recursive: true });
  }
}

/** Places busybox, with links for the applets that are named, or for all that it has. */
export async function placeBusybox(root: string, applets?: readonly string[]): Promise<void> {
  const busybox = await whereIs("busybox");
  await place(busybox, join(root, "bin", "busybox"));
  const all = applets ?? (await runOrThrow(busybox, "--list")).split("\n");
  for (const applet of all) {
    if (applet !== "" && applet !== "busybox") await Deno.symlink("busybox", join(root, "bin", applet));
  }
}

/** Places the shared libraries of a program, the loader with them, where ldd finds them. */
export async function placeLibraries(program: string, root: string): Promise<void> {
  const listed = await runOrThrow("ldd", program);
  for (const [, library = ""] of listed.matchAll(/(\/[^\s]+)\s+\(0x/g)) {
    await place(library, join(root, library));
  }
}

/** Copies one file, to be executed by everybody. */
export async function place(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
  await Deno.chmod(to, 0o755);
}

/** The path of a program. */
export const whereIs = async (program: string): Promise<string> =>
  (await runOrThrow("sh", "-c", 'command -v "$0"', program)).trim();

/** Runs a program to its end and returns its output; throws what it complained of. */
export async function runOrThrow(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) {
    throw new Error(`Cannot run ${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
  }
  return new TextDecoder().decode(stdout);
}
