import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url).pathname;
const DENORT = Deno.env.get("DENORT_BIN");
const BINARY = Deno.env.get("SIGNALBOX_BIN");
/** The compiler that fits the base; where Deno downloads its own, the one that runs this. */
const COMPILER = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
const MOST_EXTRA_BYTES = 3 * 1024 * 1024;

Deno.test({
  name: "plain deno compile of main.ts, with no bundling before it, makes a program that works",
  // Without a base at hand the compiler would have to download one, and a closed network is no fault of the code.
  ignore: DENORT === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const binary = `${folder}/signalbox`;
      await run(COMPILER, ["compile", "--quiet", "--allow-all", "--output", binary, "main.ts"]);
      const config = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as { version: string };
      assert.equal((await run(binary, ["--version"])).trim(), config.version);
      const snapshot = `${ROOT}tests/cases/a_hostname_with_a_dot_is_the_host/`;
      const rendered = await run(binary, [
        "render",
        "--haproxy-version",
        "2.6",
        "--snapshot",
        `${snapshot}snapshot.json`,
      ]);
      assert.equal(rendered, await Deno.readTextFile(`${snapshot}haproxy.cfg`));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "the binary is at most 3 MB larger than Deno's bare runtime",
  ignore: DENORT === undefined || BINARY === undefined,
  fn: async () => {
    const [bare, whole] = await Promise.all([DENORT ?? "", BINARY ?? ""].map((path) => Deno.stat(path)));
    const extra = (whole?.size ?? Infinity) - (bare?.size ?? 0);
    assert.ok(extra <= MOST_EXTRA_BYTES, `${extra} bytes more`);
  },
});

async function run(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
