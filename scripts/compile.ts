/**
 * Builds dist/signalbox: bundles main.ts into tree-shaken modules, one for what every command needs and the others for the
 * commands that load them, then lets `deno compile` add a runtime.
 */
import { build, type Plugin, stop } from "esbuild";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import settings from "../deno.json" with { type: "json" };
import { buildPage } from "../page/build.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PACKAGES = join(ROOT, ".cache", "bundle");
const BUNDLE = join(ROOT, ".cache", "build", "bundle");

/** What the binary may do, baked in. Paths, peers and programs are the user's choice, so that they stay open. */
export const PERMISSIONS: readonly string[] = [
  "--no-prompt",
  "--allow-read",
  "--allow-write",
  "--allow-net",
  // haproxy, ssh for remote engines, the reload command of --external, and prlimit.
  "--allow-run",
  // systemd wants to know when a reload began. The default state directory depends on who runs it; a container on the host's network carries the hostname; a listener
  // on all addresses is tried on each of them where HAProxy has one already.
  "--allow-sys=uid,gid,hostname,networkInterfaces,osUptime",
  "--allow-env=" + [
    "SIGNALBOX_*",
    "HAPROXY_*",
    "DOCKER_*",
    "INTERLOCK_*",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "PATH",
    "HOME",
    "TMPDIR",
    "TERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    // Read by packages when they load; a refusal would be thrown.
    "NODE_ENV",
    "NODE_DEBUG",
    "READABLE_STREAM",
    "PINO_*",
    "LOG_TOKENS",
    "LOG_STREAM",
  ].join(","),
];

/**
 * For a process that is idle but for a few milliseconds a change: with 100 containers they make 58 MiB of 72. Code is
 * interpreted until it is truly hot (thousands of containers), since loading V8's compilers costs more memory and time than
 * they win before that; what a pass leaves behind is collected early.
 */
export const V8_FLAGS: readonly string[] = [
  // Where there are many containers, `compileForMany` switches the compilers on again, and `keepLean` collects.
  "--no-freeze-flags-after-init",
  "--expose-gc",
  "--max-semi-space-size=2",
  "--gc-memory-reducer-start-delay-ms=500",
  "--no-sparkplug",
  "--no-maglev",
  "--invocation-count-for-turbofan=20000",
  "--invocation-count-for-osr=5000",
];

/**
 * Packages that are loaded and never reached: dockerode gets a modem of ours, and neither packs files nor builds images.
 * Each costs memory, and time at every start.
 */
const LEFT_OUT =
  /^(docker-modem|tar-fs|@balena\/dockerignore|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|thread-stream)(\/|$)/;

/** Puts an empty function, with no property but more of itself, in the place of each package left out. */
const leaveOut: Plugin = {
  name: "leave-out",
  setup(builder) {
    builder.onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: "left-out" }));
    builder.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents: "function nothing() { return nothing; }\nmodule.exports = new Proxy(nothing, { " +
        "get: (target, key) => key in target || typeof key === 'symbol' ? target[key] : module.exports });",
    }));
  },
};

/** Embeds what is imported `with { type: "text" }`, the templates. */
const embedText: Plugin = {
  name: "embed-text",
  setup(builder) {
    builder.onLoad({ filter: /\.eta$/ }, async ({ path }) => ({
      contents: await Deno.readTextFile(path),
      loader: "text",
    }));
  },
};

/** Embeds the page of `--admin`, in a part of its own that is loaded when somebody asks. */
const embedPage: Plugin = {
  name: "embed-page",
  setup(builder) {
    // A part is called by its path, in which a # would begin a fragment.
    builder.onResolve({ filter: /^#page$/ }, () => ({ path: "page", namespace: "page" }));
    builder.onLoad({ filter: /.*/, namespace: "page" }, async () => ({
      contents: `export default ${
        JSON.stringify(await buildPage(join(PACKAGES, "node_modules", "preact")))
      };`,
    }));
  },
};

/** Embeds the code of the worker that compares passwords, as an address that holds all of it. */
const embedWorker: Plugin = {
  name: "embed-worker",
  setup(builder) {
    builder.onResolve({ filter: /^#crypt-worker$/ }, () => ({ path: "crypt-worker", namespace: "worker" }));
    builder.onLoad({ filter: /.*/, namespace: "worker" }, async () => {
      const { outputFiles: [file] } = await build({
        entryPoints: [join(ROOT, "lib/report/password/crypt_worker.ts")],
        bundle: true,
        write: false,
        format: "esm",
        platform: "node",
        target: "es2024",
        minify: true,
        legalComments: "none",
        logLevel: "error",
        nodePaths: [join(PACKAGES, "node_modules")],
      });
      const text = encodeURIComponent(file?.text ?? "");
      return { contents: `export default ${JSON.stringify(`data:application/javascript,${text}`)};` };
    });
  },
};

/** Runs a command to its end and returns what it said. */
async function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ success: boolean; said: string }> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { success, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Lays the packages of the import map out in a private node_modules, at the versions that deno.lock names. */
async function layOutPackages(): Promise<void> {
  const imports = Object.entries(settings.imports).filter(([, place]) => place.startsWith("npm:"));
  const config = { nodeModulesDir: "auto", imports: Object.fromEntries(imports) };
  await Deno.writeTextFile(join(PACKAGES, "deno.json"), JSON.stringify(config, null, 2));
  await Deno.copyFile(join(ROOT, "deno.lock"), join(PACKAGES, "deno.lock")).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const { success, said } = await run(Deno.execPath(), ["install", "--quiet"], PACKAGES);
  if (!success) fail(`Cannot fetch the packages of deno.json: ${reason(said)}`);
}

/** Bundles `main` and answers with the path of the module that starts the program. */
async function bundle(main: string): Promise<string> {
  // The names of its parts change with their content: those of an earlier build would stay.
  await Deno.remove(BUNDLE, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await build({
    entryPoints: { signalbox: main },
    outdir: BUNDLE,
    bundle: true,
    // Half of what `--version` took was reading code that only `run` and `render` use.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "es2024",
    treeShaking: true,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "error",
    nodePaths: [join(PACKAGES, "node_modules")],
    define: { SIGNALBOX_VERSION: JSON.stringify(settings.version) },
    plugins: [leaveOut, embedText, embedPage, embedWorker],
    // CommonJS packages ask for node's own modules while they load.
    banner: {
      js: 'import { createRequire as signalboxRequire } from "node:module";' +
        "const require = signalboxRequire(import.meta.url);",
    },
  }).catch((error: Error) => fail(`Cannot bundle ${main}: ${error.message.split("\n")[0]}`));
  await stop();
  // The binary tells when its files were written: with a time that says nothing, the same source gives the same bytes.
  for await (const { name } of Deno.readDir(BUNDLE)) await Deno.utime(join(BUNDLE, name), 0, 0);
  return join(BUNDLE, "signalbox.js");
}

async function compile(module: string, output: string, target: string | undefined): Promise<void> {
  const compiler = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
  const { success, said } = await run(compiler, [
    "compile",
    "--quiet",
    // Without this the project's import map, and every package in it, would be embedded.
    "--no-config",
    "--no-lock",
    // Datagrams to a socket of systemd's.
    "--unstable-net",
    "--no-check",
    // The binary would write its cache to a predictable name in /tmp.
    "--no-code-cache",
    `--v8-flags=${V8_FLAGS.join(",")}`,
    ...PERMISSIONS,
    ...(target === undefined ? [] : ["--target", target]),
    "--output",
    output,
    module,
  ], ROOT);
  if (success) return;
  if (Deno.env.has("DENORT_BIN") || !/denort|dl\.deno\.land|download|fetch/i.test(said)) {
    fail(`Cannot compile ${output} with ${compiler}: ${said.trim()}`);
  }
  fail(
    `Cannot fetch Deno's runtime base (denort) for ${target ?? "this machine"}: ${reason(said)}. ` +
      "Set DENORT_BIN to a denort of the compiling Deno's version, and COMPILE_DENO to that Deno if it is another.",
  );
}

/** The one line of a failure that says why: the innermost cause that names an address, else the error itself. */
function reason(said: string): string {
  // deno-lint-ignore no-control-regex
  const lines = said.replace(/\x1b\[[0-9;]*m/g, "").split("\n").map((line) =>
    line.replace(/^\s*\d*:?\s*/, "")
  );
  return lines.find((line) => /https?:\/\//.test(line)) ?? lines.find((line) => line.startsWith("error")) ??
    said.trim();
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(1);
}

/** Reads `--name value` and `--name=value`; anything else is wrong usage. */
function readArguments(args: readonly string[], known: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const words = args.flatMap((word) => word.startsWith("--") ? word.split(/=(.*)/s, 2) : [word]);
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]?.replace(/^--/, "") ?? "";
    const value = words[i + 1];
    if (!known.includes(name) || value === undefined) {
      fail(
        `Cannot read the argument "${words[i]}": known are ${known.map((n) => `--${n} VALUE`).join(", ")}.`,
      );
    }
    found.set(name, value);
  }
  return found;
}

if (import.meta.main) {
  const given = readArguments(Deno.args, ["target", "output", "main"]);
  const output = given.get("output") ?? join(ROOT, "dist", "signalbox");
  await Deno.mkdir(PACKAGES, { recursive: true });
  // One build at a time: all work in the same folders. The lock ends with the process.
  const turn = await Deno.open(join(ROOT, ".cache", "compile.lock"), { write: true, create: true });
  await turn.lock(true);
  await layOutPackages();
  await compile(await bundle(given.get("main") ?? join(ROOT, "main.ts")), output, given.get("target"));
  const { size } = await Deno.stat(output);
  console.error(`built ${output} (${(size / 2 ** 20).toFixed(1)} MiB)`);
}
