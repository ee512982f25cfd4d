import { messageOf } from "../../core/values/message_of.ts";
import { type HaproxyVersion, isAtLeast } from "../../core/keys/backend_option.ts";
import { OLDEST_HAPROXY } from "../../core/settings/setting_values.ts";
import { leaveLostFolder } from "./working_folder.ts";

/** The haproxy that was found. */
export type HaproxyProgram = {
  readonly path: string;
  readonly version: HaproxyVersion;
  readonly text: string;
};

/** haproxy is missing or too old; the message says what to install. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}

const ADVICE =
  "install HAProxy 2.4 or later (Debian and Ubuntu: apt-get install haproxy) or name it with --haproxy";

/** Asks haproxy for its version; throws ProgramError if it is missing or older than 2.4. */
export async function findHaproxy(named: string): Promise<HaproxyProgram> {
  const path = /^[^/]+\//.test(named) ? `${Deno.cwd()}/${named}` : named;
  let output: string;
  try {
    const result = await new Deno.Command(path, {
      args: ["-v"],
      cwd: "/",
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    output = new TextDecoder().decode(result.stdout);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "it is not there" : messageOf(error);
    throw new ProgramError(`cannot run haproxy at "${path}": ${why}; ${ADVICE}`);
  }
  const match = /version ((\d+)\.(\d+)[^ ]*)/i.exec(output);
  if (match === null) {
    throw new ProgramError(`"${path}" does not tell a version of HAProxy with -v; ${ADVICE}`);
  }
  const version: HaproxyVersion = [Number(match[2]), Number(match[3])];
  if (!isAtLeast(version, OLDEST_HAPROXY)) {
    throw new ProgramError(`"${path}" is HAProxy ${match[1]}, which is too old; ${ADVICE}`);
  }
  return { path, version, text: match[1] ?? "" };
}

/** Whether HAProxy was built with QUIC, as `haproxy -vv` tells. */
export async function hasQuic({ path }: Pick<HaproxyProgram, "path">): Promise<boolean> {
  const command = new Deno.Command(path, { args: ["-vv"], cwd: "/", stdin: "null", stderr: "null" });
  return /^Feature list :.* \+QUIC\b/m.test(new TextDecoder().decode((await command.output()).stdout));
}

/** The result of `haproxy -c`: whether it accepts the files, and the messages that are worth reading. */
export type CheckResult = { readonly isValid: boolean; readonly messages: readonly string[] };

/** Runs `haproxy -c` on the files, with the given environment beside ours. */
export async function checkConfig(
  program: string,
  files: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CheckResult> {
  const args = ["-c", ...files.flatMap((file) => ["-f", file])];
  leaveLostFolder();
  const command = new Deno.Command(program, {
    args,
    env,
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, code, stderr } = await command.output();
  const lines = new TextDecoder().decode(stderr).split("\n");
  const messages = lines.filter((line) => /^\[(?:ALERT|WARNING)\]|^ {2,}/.test(line)).map(withoutPrefix)
    .filter((message) => !SAYS_NOTHING.test(message));
  if (success || messages.length > 0) return { isValid: success, messages };
  // HAProxy itself printed nothing: it did not get as far as reading the files.
  const said = lines.findLast((line) => line.trim() !== "")?.trim() ?? "it says nothing";
  return { isValid: false, messages: [`${program} -c ended with ${code}: ${said}`] };
}

/** Lines that only repeat that something is wrong, and lines about our own state file. */
const SAYS_NOTHING =
  /^(?:Error\(s\) found in configuration|Fatal errors found|Warnings were found)|changed from server-state/;

/**
 * `[ALERT]    (123) : config : text` is `text` for a reader who did not start haproxy himself. The name of the worker, by which
 * workers trust one another, is nobody's to read.
 */
export function withoutPrefix(line: string): string {
  return line.replace(/\bsignalbox-[0-9a-f]{32}\b/g, "signalbox-…").replace(
    /^\[[A-Z]+\] *(?:[0-9/]+ *)?\([0-9]+\) *: */,
    "",
  ).replace(/^config : /, "").trim();
}
