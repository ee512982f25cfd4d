import type { Files } from "../core/config/render.ts";
import { checkConfig } from "../haproxy/process/program.ts";
import { fillFolder } from "../haproxy/files/safe_files.ts";
import { temporaryFolder } from "./input.ts";

/** Why `haproxy -c` refuses a set of files, or nothing where it would load them. Throws Failure where they cannot be written. */
export async function whyRefused(
  files: Files,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const folder = await temporaryFolder();
  try {
    const path = `${folder.path}/haproxy.cfg`;
    await fillFolder(folder.path, files);
    const { isValid, messages } = await checkConfig(program, [path], env);
    return isValid ? undefined : messages.join("; ").replaceAll(`${folder.path}/`, "");
  } finally {
    await folder.remove();
  }
}
