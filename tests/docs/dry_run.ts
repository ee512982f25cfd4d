/** Runs a block of shell with programs that do nothing but note how they were called. */
import assert from "node:assert/strict";
import { join } from "node:path";

/** How a block called one of its programs. */
export type Call = {
  readonly program: string;
  readonly args: readonly string[];
  /** What it gave in SIGNALBOX_… variables. */
  readonly env: Readonly<Record<string, string>>;
};

/** Programs that change a machine, or that are not on each one. */
const NOTED = [
  "signalbox",
  "docker",
  "systemctl",
  "apt-get",
  "install",
  "sha256sum",
  "git",
  "cp",
  "deno",
  "scripts/dev",
];
/** Programs that do what they are told, in a folder of the test's own. */
const REAL = ["cat", "openssl", "env", "mkdir"];

/** The calls of a block; throws where it is no shell, or calls a program that stands in neither list. */
export async function dryRun(body: string): Promise<readonly Call[]> {
  const folder = await Deno.makeTempDir({ prefix: "sbd-" });
  try {
    const [bin, calls] = [join(folder, "bin"), join(folder, "calls")];
    for (const path of [bin, calls, join(folder, "scripts"), join(folder, "etc/signalbox")]) {
      await Deno.mkdir(path, { recursive: true });
    }
    const note = `#!/bin/bash
at=$(mktemp ${calls}/XXXXXXXX)
{ printf '%s\\0' "\${0#${folder}/}" "$@"; } >"$at.args"
env -0 | grep -z '^SIGNALBOX_' >"$at.env"
[ ! -p /dev/stdin ] || cat >/dev/null
`;
    for (const name of NOTED) {
      await Deno.writeTextFile(join(name.includes("/") ? folder : bin, name), note, { mode: 0o755 });
    }
    // Without sudo's flags, which no example has.
    await Deno.writeTextFile(join(bin, "sudo"), `#!/bin/bash\nexec "$@"\n`, { mode: 0o755 });
    const bash = async (args: readonly string[], path: string) => {
      const { success, stderr } = await new Deno.Command("/bin/bash", {
        args: [...args],
        cwd: folder,
        clearEnv: true,
        env: { PATH: path },
        stdin: "null",
      }).output();
      assert.ok(success, `${body}\n${new TextDecoder().decode(stderr)}`);
    };
    for (const name of [...REAL, "mktemp", "grep"]) {
      const at = `/usr/bin/${name}`;
      await Deno.symlink(await Deno.stat(at).then(() => at, () => `/bin/${name}`), join(bin, name));
    }
    await bash(["-euo", "pipefail", "-c", body.replace(/(?<= )\/etc\//g, `${folder}/etc/`)], bin);
    return await readCalls(calls, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readCalls(calls: string, folder: string): Promise<readonly Call[]> {
  const read = async (name: string, end: string) => await Deno.readTextFile(join(calls, name + end));
  const wordsOf = (text: string) =>
    text.split("\0").slice(0, -1).map((word) => word.replaceAll(`${folder}/etc/`, "/etc/"));
  const found: Call[] = [];
  for await (const { name } of Deno.readDir(calls)) {
    if (!name.endsWith(".args")) continue;
    const call = name.slice(0, -".args".length);
    const [program = "", ...args] = wordsOf(await read(call, ".args"));
    const env = wordsOf(await read(call, ".env")).map((word) => word.split(/=(.*)/s).slice(0, 2));
    found.push({
      program: program.replace(/^bin\//, ""),
      args,
      env: Object.fromEntries(env),
    });
  }
  return found;
}
