/** The steps of the release workflow, as a runner does them, on this machine. */
import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url).pathname;
/** Not part of a checkout. */
const NOT_CHECKED_OUT = new Set([".git", ".cache", "dist", "node_modules"]);
const OTHER = "aarch64";

/** The scripts of the workflow's steps, in their order. */
function scripts(workflow: string): string[] {
  return [...workflow.matchAll(/^( *)run: \|\n((?:\1 +.*\n|\n)+)/gm)].map((match) => match[2] ?? "");
}

/** Without what is made for another machine: there is no runtime base for it here. */
function forThisMachine(script: string): string {
  return script.split("\n").filter((line) => !line.includes(`compile --target ${OTHER}`)).join("\n")
    .replaceAll(new RegExp(`(?:dist/)?signalbox-${OTHER}-linux ?`, "g"), "");
}

Deno.test({
  name: "the release workflow makes a binary that works, with its checksum, and hands both over",
  ignore: Deno.env.get("DENORT_BIN") === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const checkout = `${folder}/checkout`;
      await Deno.mkdir(checkout);
      for await (const { name } of Deno.readDir(ROOT)) {
        if (NOT_CHECKED_OUT.has(name)) continue;
        await run("cp", ["-r", `${ROOT}${name}`, `${checkout}/${name}`], { cwd: checkout });
      }
      await Deno.symlink(`${ROOT}.cache`, `${checkout}/.cache`);
      // What would publish says what it was given instead.
      await Deno.mkdir(`${folder}/bin`);
      await Deno.writeTextFile(`${folder}/bin/gh`, '#!/bin/sh\nprintf "%s\\n" "$@" >"$GH_SAID"\n', {
        mode: 0o755,
      });
      const { version } = JSON.parse(await Deno.readTextFile(`${checkout}/deno.json`)) as { version: string };
      const env = {
        PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
        GITHUB_REF_NAME: `v${version}`,
        GH_SAID: `${folder}/said`,
      };
      const workflow = await Deno.readTextFile(`${checkout}/.github/workflows/release.yml`);
      const steps = scripts(workflow).map(forThisMachine);
      assert.equal(steps.length, 4);
      for (const step of steps) await run("bash", ["-eo", "pipefail", "-c", step], { cwd: checkout, env });
      await run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: `${checkout}/dist` });
      const said = await run("./signalbox-x86_64-linux", ["--version"], { cwd: `${checkout}/dist` });
      assert.equal(said.trim(), version);
      const files = (await Deno.readTextFile(`${folder}/said`)).split("\n").filter((word) =>
        word.startsWith("dist/")
      );
      assert.deepEqual(files, ["dist/signalbox-x86_64-linux", "dist/SHA256SUMS"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the release workflow refuses a tag that is not the version", async () => {
  const workflow = await Deno.readTextFile(`${ROOT}.github/workflows/release.yml`);
  const [first = ""] = scripts(workflow);
  const env = { GITHUB_REF_NAME: "v99.0.0" };
  await assert.rejects(run("bash", ["-eo", "pipefail", "-c", first], { cwd: ROOT, env }));
});

async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Record<string, string> },
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { ...options, args: [...args] }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, `${command} ${args.join(" ")}:\n${text.decode(stdout)}${text.decode(stderr)}`);
  return text.decode(stdout);
}
