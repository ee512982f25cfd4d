/** The page as it is built: one document, small, with nothing from elsewhere and nothing that makes code of text. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import page from "#page";

const FOLDER = fileURLToPath(new URL("../../page/", import.meta.url));
const MOST_BYTES = 100_000;
/** Lines of a file and of a function that can be read at once, as in lib. */
const LONGEST_FILE = 300;

const elementsOf = (name: "script" | "style"): readonly string[] =>
  [...page.html.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "g"))].map((match) => match[1] ?? "");

Deno.test("the page is one document of less than 100 kB that asks nobody else for anything", () => {
  assert.ok(new TextEncoder().encode(page.html).length < MOST_BYTES, `${page.html.length} characters`);
  const markup = page.html.replace(/<(script|style)>[\s\S]*?<\/\1>/g, "");
  const addresses = [...markup.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1] ?? "");
  assert.ok(addresses.length > 0 && addresses.every((each) => each.startsWith("data:")), addresses.join());
  assert.doesNotMatch(elementsOf("style").join(), /url\(|@import/);
  const names = elementsOf("script").join().match(/https?:\/\/[\w./]+/g) ?? [];
  // What XML calls its kinds of elements is no address that is asked.
  assert.deepEqual(names.filter((name) => !name.startsWith("http://www.w3.org/")), []);
});

Deno.test("the policy names the page's script and style by their hashes, and allows nothing else", async () => {
  const hashOf = async (text: string) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
  };
  const rules = new Map(
    page.policy.split("; ").map((rule) => {
      const [name = "", ...values] = rule.split(" ");
      return [name, values.join(" ")] as const;
    }),
  );
  for (const name of ["script", "style"] as const) {
    const [only, ...others] = elementsOf(name);
    assert.ok(only !== undefined && others.length === 0, name);
    assert.equal(rules.get(`${name}-src`), await hashOf(only), name);
  }
  assert.equal(rules.get("default-src"), "'none'");
  assert.equal(rules.get("require-trusted-types-for"), "'script'");
  assert.doesNotMatch(page.policy, /unsafe|\*|https?:/);
  assert.doesNotMatch(page.html.replace(/<(script|style)>[\s\S]*?<\/\1>/g, ""), / on[a-z]+=| style=/);
});

Deno.test("no file of the page makes HTML or code of text, and each can be read at once", async () => {
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (!/\.tsx?$/.test(name)) continue;
    const text = await Deno.readTextFile(FOLDER + name);
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacent|document\.write|createContextualFragment|dangerously|\beval\b|new Function|srcdoc/,
      name,
    );
    assert.ok(text.split("\n").length <= LONGEST_FILE, name);
  }
});
