/** Puts the page into one document without any request to elsewhere, and says which scripts and styles are in it. */
import { build, type BuildOptions } from "esbuild";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("./", import.meta.url));

/** The document, and the Content-Security-Policy that allows what is in it and nothing else. */
export type BuiltPage = { readonly html: string; readonly policy: string };

const SHARED: BuildOptions = {
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  legalComments: "none",
  logLevel: "error",
};

/** Builds the page; `preact` is the folder of that package. */
export async function buildPage(preact: string): Promise<BuiltPage> {
  const [script, style, icon] = await Promise.all([
    bundle({
      ...SHARED,
      entryPoints: [`${FOLDER}main.tsx`],
      format: "iife",
      platform: "browser",
      target: "es2022",
      jsx: "automatic",
      jsxImportSource: "preact",
      alias: { preact },
    }),
    bundle({ ...SHARED, entryPoints: [`${FOLDER}style.css`] }),
    Deno.readTextFile(`${FOLDER}icon.svg`),
  ]);
  if (/<\/(?:script|style)/i.test(script + style)) {
    throw new Error("the page's code would end its own element");
  }
  const html = [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    "<title>signalbox</title>",
    `<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon.trim())}">`,
    `<style>${style}</style>`,
    '<div id="page"><p class="plain">Loading the live picture…</p></div>',
    '<noscript><p class="plain">This page needs JavaScript. <code>signalbox status</code> and ' +
    "<code>signalbox top</code> show the same in a terminal.</p></noscript>",
    `<script>${script}</script>`,
    "</html>",
    "",
  ].join("\n");
  const policy = [
    "default-src 'none'",
    `script-src '${await hashOf(script)}'`,
    `style-src '${await hashOf(style)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Text never becomes HTML or code, not even by mistake.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return { html, policy };
}

async function bundle(options: BuildOptions): Promise<string> {
  const [file] = (await build(options)).outputFiles ?? [];
  if (file === undefined) throw new Error(`nothing came of ${options.entryPoints}`);
  return file.text.trim();
}

/** A source of a Content-Security-Policy (CSP 3, section 2.3.1). */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}

/** The folder of preact in Deno's cache. */
export async function findPreact(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `--config=${FOLDER}../deno.json`, "preact"],
    stderr: "null",
  }).output();
  const { npmPackages } = JSON.parse(new TextDecoder().decode(stdout)) as {
    npmPackages: Readonly<Record<string, { readonly name: string; readonly localPath: string }>>;
  };
  const found = Object.values(npmPackages).find(({ name }) => name === "preact");
  if (found === undefined) throw new Error("cannot find preact in Deno's cache");
  return found.localPath;
}
