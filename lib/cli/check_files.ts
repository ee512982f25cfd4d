import type { FileSet } from "../core/config/render.ts";
import { checkConfig } from "../haproxy/process/program.ts";
import { fillFolder } from "../haproxy/files/safe_files.ts";
import { withDefault } from "./given_certificates.ts";
import { temporaryFolder } from "./input.ts";

/** Why `haproxy -c` refuses a set of files, or nothing where it would load them. Throws Failure where they cannot be written. */
export async function whyRefused(
  { files, certificates }: FileSet,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const folder = await temporaryFolder();
  try {
    const path = `${folder.path}/haproxy.cfg`;
    await fillFolder(folder.path, { files, certificates: certificates && await withDefault(certificates) });
    const { isValid, messages } = await checkConfig(program, [path], env);
    return isValid ? undefined : messages.join("; ").replaceAll(`${folder.path}/`, "");
  } finally {
    await folder.remove();
  }
}
