import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { PERMISSIONS } from "../scripts/compile.ts";

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
      const own = await Deno.readTextFile(`${snapshot}haproxy.cfg`);
      assert.ok(rendered.includes(own), `expected in it: ${own}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "two builds of one source, started at once, are the same bytes, so that anyone can check a release",
  ignore: DENORT === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const build = async (name: string) => {
      await Deno.mkdir(`${folder}/${name}`);
      const output = `${folder}/${name}/signalbox`;
      await run(Deno.execPath(), ["run", "--quiet", "-A", "scripts/compile.ts", "--output", output]);
      return await Deno.readFile(output);
    };
    try {
      const [one, other] = await Promise.all([build("one"), build("other")]);
      assert.ok(Buffer.compare(one, other) === 0, "they differ");
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

/** What a template, which is code, would try if it were not its user's own; none of it is signalbox's business. */
const OUT_OF_BOUNDS: Readonly<Record<string, string>> = {
  "another variable of the environment": 'Deno.env.get("AWS_SECRET_ACCESS_KEY")',
  "all variables of the environment": "Deno.env.toObject()",
  "native code": 'Deno.dlopen("libc.so.6", {})',
  "the machine's memory": "Deno.systemMemoryInfo()",
  "the machine's load": "Deno.loadavg()",
};

for (const [what, code] of Object.entries(OUT_OF_BOUNDS)) {
  Deno.test({
    name: `the binary has no permission for ${what}`,
    ignore: BINARY === undefined,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/global.eta`, `<% ${code} %>\n`);
        const command = new Deno.Command(BINARY ?? "", {
          args: ["render", "--templates", folder, "--haproxy-version", "2.6", "--snapshot", "-"],
          env: { AWS_SECRET_ACCESS_KEY: "x" },
          stdin: "piped",
          stdout: "piped",
          stderr: "piped",
        }).spawn();
        const writer = command.stdin.getWriter();
        await writer.write(new TextEncoder().encode("[]"));
        await writer.close();
        const { code: exitCode, stderr } = await command.output();
        assert.equal(exitCode, 1);
        assert.match(new TextDecoder().decode(stderr), /global\.eta.*Requires (?:env|ffi|sys) access/);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

Deno.test("SECURITY.md names each permission of the binary", async () => {
  const text = await Deno.readTextFile(`${ROOT}SECURITY.md`);
  const names = PERMISSIONS.map((flag) => flag.startsWith("--allow-env=") ? "--allow-env=…" : flag);
  const rows = [...text.matchAll(/^\| `(--[^`]+)` \|/gm)].map(([, flag]) => flag);
  assert.deepEqual(rows.sort(), names.sort());
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
