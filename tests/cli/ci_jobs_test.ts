/** The jobs in examples/ run as their machines would run them, on a repository with two commits. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { program } from "../harness/program.ts";
import { World } from "./world.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const compose = (path: string) =>
  `services: {web: {hostname: www.example.com, expose: [80], labels: {interlock.context_root: ${path}}}}\n`;

type Steps = { readonly jobs: { readonly check: { readonly steps: readonly { readonly run?: string }[] } } };

const scripts: Readonly<Record<string, (job: string) => readonly string[]>> = {
  "github/signalbox.yml": (job) => (parse(job) as Steps).jobs.check.steps.flatMap(({ run }) => run ?? []),
  "gitlab/signalbox.yml": (job) =>
    (parse(job) as { readonly signalbox: { readonly script: readonly string[] } }).signalbox.script,
};

for (const [example, scriptOf] of Object.entries(scripts)) {
  Deno.test(`the job of examples/${example} passes, and shows what a change makes of the config`, async () => {
    await using world = await World.make();
    const repository = `${world.folder}/repository`;
    await world.write("repository/compose.yaml", compose("/"));
    const quoted = program().map((word) => `'${word}'`).join(" ");
    await world.write("bin/signalbox", `#!/bin/sh\nexec ${quoted} "$@"\n`);
    await Deno.chmod(`${world.folder}/bin/signalbox`, 0o755);
    const sh = async (script: string, env: Record<string, string> = {}) => {
      const { code, stdout, stderr } = await new Deno.Command("bash", {
        args: ["-euo", "pipefail", "-c", script],
        cwd: repository,
        env: {
          PATH: `${world.folder}/bin:${Deno.env.get("PATH")}`,
          GITHUB_STEP_SUMMARY: "summary.md",
          ...env,
        },
        stdin: "null",
      }).output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.equal(code, 0, `${script}\n${out}${err}`);
      return out ?? "";
    };
    const commit = "git -c user.name=x -c user.email=x@example.com commit -qam";
    const base = (await sh(`git init -q && git add . && ${commit} first && git rev-parse HEAD`)).trim();
    await world.write("repository/compose.yaml", compose("/app"));
    await sh(`${commit} second`);
    const job = await Deno.readTextFile(EXAMPLES + example);
    await sh(scriptOf(job).join("\n"), { BASE: base, CI_MERGE_REQUEST_DIFF_BASE_SHA: base });
    assert.match(await world.read("repository/change.diff"), /^\+www\.example\.com\/app\/ /m);
    if (example.startsWith("github")) {
      assert.match(await world.read("repository/summary.md"), /```mermaid\nflowchart LR\n[^]*```diff\n---/);
    } else {
      assert.deepEqual(JSON.parse(await world.read("repository/gl-code-quality-report.json")), []);
      assert.match(await world.read("repository/routing.svg"), /^<svg [^]*www\.example\.com[^]*<\/svg>$/m);
    }
  });
}
