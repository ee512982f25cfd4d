/**
 * Each folder beside this file is a case, and its name is the sentence that it proves:
 *
 *   snapshot.json   what `docker inspect` printed, in short
 *   settings.json   optional: {"HAPROXY_PORT": "81"} is an environment variable, {"http-port": "81"} a flag, and
 *                   {"external": ""} a switch; CERTIFICATE stands for a file with a certificate that is made here, ROUTES
 *                   for routes.yaml in the folder, PAGES for the folder pages in it
 *   haproxy.cfg     the sections of the rendered config that the config of no container at all has not; absent where
 *                   there are none. The case of an empty snapshot keeps the whole. HAProxy is asked about the whole each time
 *   error_pages.map only where there are pages
 *   hosts.map       only where it names more than each backend's own host and path
 *   notices.txt     what is said on standard error; absent where nothing is
 *   explain.txt     optional: what `signalbox explain` says; once there, it is kept up to date
 *
 * To add a case, add a folder with a snapshot.json, run `UPDATE=1 deno test -A tests/cases`, and read what it wrote
 * before you commit it. The config is written for HAProxy 2.6 unless settings.json says "haproxy-version"; in that case
 * haproxy of that version alone is asked whether it would load it, in all other cases every haproxy that is here, and
 * the newest one about the config that is written for it, where backends can be added at run time.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createTwoFilesPatch } from "diff";
import { runProgram } from "../../lib/cli/program.ts";
import { haproxies } from "../harness/haproxies.ts";
import { ERROR_PAGES_MAP } from "../../lib/core/model/error_pages.ts";
import { once } from "../../lib/core/values/once.ts";
import { parseTable, ROUTE_TABLES } from "../../lib/core/values/table.ts";
import { ownSections } from "./own_sections.ts";

const HERE = new URL(".", import.meta.url);
const IS_UPDATE = Deno.env.get("UPDATE") === "1";
/** `scripts/dev watch` runs at each save, and asks no haproxy. */
const IS_ASKED = Deno.env.get("SIGNALBOX_ASK_NO_HAPROXY") !== "1";
/** `scripts/dev watch` takes the containers of all cases in the order of the file. */
const IS_SHUFFLED = Deno.env.get("SIGNALBOX_ONE_ORDER") !== "1";
const PASSWORD = "correct horse battery staple";

const NEWEST = "3.4";

/** The case that keeps its whole config, which the others are compared with. */
const WHOLE = "an_empty_snapshot_answers_every_host_with_404";

type Texts = Readonly<Record<string, string | undefined>>;

const sentences = [...Deno.readDirSync(HERE)].filter((entry) => entry.isDirectory).map(({ name }) => name)
  .sort();
for (const sentence of sentences) {
  Deno.test(`case: ${sentence.replaceAll("_", " ")}`, () => proveCase(new URL(`${sentence}/`, HERE)));
}

async function proveCase(folder: URL): Promise<void> {
  const rendered = await Deno.makeTempDir({ prefix: "signalbox-case-" });
  try {
    const kept = readKept(folder);
    const snapshot = JSON.parse(kept["snapshot.json"] ?? "");
    const settings: Record<string, string> = JSON.parse(kept["settings.json"] ?? "{}");
    const certificate = `${rendered}/certificate.pem`;
    if (Object.values(settings).includes("CERTIFICATE")) {
      Deno.writeTextFileSync(certificate, await makeCertificate());
    }
    if (settings["routes"] === "ROUTES") settings["routes"] = fileURLToPath(new URL("routes.yaml", folder));
    if (settings["error-pages"] === "PAGES") {
      settings["error-pages"] = fileURLToPath(new URL("pages", folder));
    }
    const isExplained = kept["explain.txt"] !== undefined;

    const actual = await say(snapshot, settings, rendered, certificate, isExplained);
    for (const [order, shuffled] of IS_SHUFFLED ? shuffles(snapshot) : []) {
      const again = await say(shuffled, settings, rendered, certificate, isExplained);
      for (const [name, text] of Object.entries(actual)) {
        assert.equal(again[name], text, `${name} is another one when the containers come ${order}`);
      }
    }
    const config = isWhole(folder) ? actual["haproxy.cfg"] : ownSections(actual["haproxy.cfg"], await wholeConfig());
    const made: Texts = { ...actual, "haproxy.cfg": config === "" ? undefined : config };
    for (const [name, text] of Object.entries(made)) compare(new URL(name, folder), kept[name], text);
    if (!IS_ASKED) return;
    const version = settings["haproxy-version"];
    await askEveryHaproxy(rendered, version);
    if (version !== undefined) return;
    await say(snapshot, { ...settings, "haproxy-version": NEWEST }, rendered, certificate, false);
    await askEveryHaproxy(rendered, NEWEST);
  } finally {
    await Deno.remove(rendered, { recursive: true });
  }
}

const isWhole = (folder: URL): boolean => folder.pathname.endsWith(`/${WHOLE}/`);

/** The config of no container at all, under no setting, as it is rendered now. */
const wholeConfig = once(async (): Promise<string> => {
  const rendered = await Deno.makeTempDir({ prefix: "signalbox-case-" });
  try {
    return (await say([], {}, rendered, "/nowhere", false))["haproxy.cfg"];
  } finally {
    await Deno.remove(rendered, { recursive: true });
  }
});

/** What signalbox makes of a snapshot, by the name of the file that it is kept in; leaves the set in `rendered`. */
async function say(
  snapshot: unknown,
  settings: Readonly<Record<string, string>>,
  rendered: string,
  certificate: string,
  isExplained: boolean,
): Promise<Texts & { readonly "haproxy.cfg": string }> {
  const flags = Object.entries(settings).filter(([name]) => !isVariable(name))
    .flatMap(([name, value]) => value === "" ? [`--${name}`] : [`--${name}`, value])
    .map((word) => word === "CERTIFICATE" ? certificate : word);
  const version = flags.includes("--haproxy-version") ? [] : ["--haproxy-version", "2.6"];
  const common = ["--snapshot", "-", ...version, ...flags];
  const run = async (args: readonly string[]) => {
    let out = "";
    const err: string[] = [];
    const code = await runProgram(args, {
      env: (name) => isVariable(name) ? settings[name]?.replace(/^CERTIFICATE$/, certificate) : undefined,
      out: (text) => Promise.resolve(void (out += text)),
      err: (line) => void err.push(line),
      isErrTerminal: false,
      isOutTerminal: false,
      stdin: () => Promise.resolve(JSON.stringify(snapshot)),
    });
    assert.equal(code, 0, err.join("\n"));
    return { out, err: err.map((line) => `${line}\n`).join("") };
  };
  const { err } = await run(["render", ...common, "--output", `${rendered}/`]);
  const rest = isExplained ? { "explain.txt": (await run(["explain", ...common])).out } : {};
  const files = readKept(new URL(`file://${rendered}/`));
  const { "haproxy.cfg": config = "", "hosts.map": map } = files;
  return {
    "haproxy.cfg": config.replaceAll(certificate, "/CERTIFICATE"),
    "hosts.map": map === ownNames(config) ? undefined : map,
    ...filledTables(files),
    [ERROR_PAGES_MAP]: files[ERROR_PAGES_MAP],
    "notices.txt": err === "" ? undefined : err.replaceAll(certificate, "/CERTIFICATE"),
    ...rest,
  };
}

const isVariable = (name: string): boolean => /^[A-Z_]+$/.test(name);

/** The tables beside hosts.map; of those without rows, nothing. */
function filledTables(files: Texts): Texts {
  const tables = [...ROUTE_TABLES.keys()].map((name) => {
    const text = files[name];
    assert.ok(text !== undefined, `${name} is not there`);
    return [name, parseTable(text).length === 0 ? undefined : text] as const;
  });
  return Object.fromEntries(tables);
}

/** The hosts.map that names each backend's own host and path, which the config's comments tell too. */
function ownNames(config: string): string {
  const backends = [...config.matchAll(/^# (\S+)\nbackend ([^_]\S*|_\.\S*)$/gm)];
  const lines = backends.map(([, title, name]) => `${title}/ ${name}|,|${name}\n`);
  return `# host/path/ backend|,flags,|id\n${lines.sort().join("")}`;
}

function shuffles(snapshot: unknown): [string, unknown][] {
  if (!Array.isArray(snapshot) || snapshot.length < 2) return [];
  return [["backwards", snapshot.toReversed()], ["in turn", [...snapshot.slice(1), snapshot[0]]]];
}

function compare(url: URL, wanted: string | undefined, actual: string | undefined): void {
  if (actual === wanted) return;
  if (IS_UPDATE) return actual === undefined ? Deno.removeSync(url) : Deno.writeTextFileSync(url, actual);
  const name = url.pathname.split("/").at(-1) ?? "";
  const patch = createTwoFilesPatch(name, `${name} as it is now`, wanted ?? "", actual ?? "", "", "", {
    context: 2,
  });
  throw new assert.AssertionError({ message: `${patch}\nUPDATE=1 accepts this.` });
}

async function askEveryHaproxy(rendered: string, version: string | undefined): Promise<void> {
  const found = await haproxies();
  assert.notEqual(found.length, 0, "there is no haproxy here: install it, then run scripts/dev haproxies");
  for (const haproxy of found) {
    if (version !== undefined && !`${haproxy.version}.`.startsWith(`${version}.`)) continue;
    const { code, stderr } = await new Deno.Command(haproxy.path, {
      args: ["-c", "-f", `${rendered}/haproxy.cfg`],
      env: { SIGNALBOX_STATS_PASSWORD: PASSWORD },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stderr).trim();
    assert.deepEqual({ code, said }, { code: 0, said: "" }, `haproxy ${haproxy.version} complains`);
  }
}

/** A certificate and its key, made once. */
const makeCertificate = once(async (): Promise<string> => {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-case-" });
  try {
    const path = `${folder}/certificate.pem`;
    const { success, stderr } = await new Deno.Command("openssl", {
      args: ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        .concat("-subj", "/CN=www.example.com", "-keyout", path, "-out", `${path}.crt`),
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return await Deno.readTextFile(path) + await Deno.readTextFile(`${path}.crt`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The files of a folder, by name: that takes a fraction of the time that asking for each name would. */
function readKept(folder: URL): Texts {
  const files = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile);
  return Object.fromEntries(files.map(({ name }) => [name, Deno.readTextFileSync(new URL(name, folder))]));
}
