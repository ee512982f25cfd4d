import { messageOf } from "../../core/values/message_of.ts";
import { writeFile } from "../../haproxy/files/safe_files.ts";
import { failed, wrongUsage } from "../failure.ts";
import { snapshotOfDocker } from "../docker_snapshot.ts";
import { settingsOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

/** Saves what Docker says now; answers with the exit code, or throws Failure. */
export async function snapshot(
  options: { readonly output?: string } & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const settings = settingsOf(options, terminal);
  const text = await snapshotOfDocker(settings, { use: "kept" });
  const { output } = options;
  if (output === undefined || output === "-") await terminal.out(text);
  else {
    const isFile = await Deno.stat(output).then((found) => found.isFile, () => output !== "");
    if (!isFile) throw wrongUsage(`--output is "${output}", expected the path of a regular file`);
    try {
      writeFile(output, text, "links");
    } catch (error) {
      throw failed(`cannot write --output "${output}": ${messageOf(error)}`);
    }
  }
  return 0;
}
