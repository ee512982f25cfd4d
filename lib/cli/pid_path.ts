import { messageOf } from "../core/values/message_of.ts";
import { tryWriting } from "../haproxy/files/safe_files.ts";
import { UntrustedPathError } from "../haproxy/files/trusted_path.ts";
import { failed } from "./failure.ts";

/**
 * The path of `--pid-file`, after a check that we can write it and no other user can; `undefined` without that setting.
 * Throws Failure.
 */
export function checkPidFile(path: string): string | undefined {
  if (path === "/dev/null") return undefined;
  try {
    tryWriting(path, "folders");
    return path;
  } catch (error) {
    const advice = error instanceof UntrustedPathError ? "" : ", expected a place that can be written";
    throw failed(`cannot write --pid-file ${path}: ${messageOf(error)}${advice}`);
  }
}
