/** Links, anchors and paths of the documents lead somewhere, and each page is in an index. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { documents, exists, manual, proseOf, read, ROOT } from "./documents.ts";

const MOST_PICTURE_BYTES = 120_000;

/** The anchor that a heading has where Markdown is shown. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-");
}

/** The targets of a document's links that stay in the repository, as paths from its root. */
function linksOf(document: string, text: string): { readonly path: string; readonly anchor?: string }[] {
  const targets = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => {
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? document : join(dirname(document), file);
    return anchor === undefined ? { path } : { path, anchor };
  });
}

for (const document of await documents()) {
  Deno.test(`relative links of ${document} lead somewhere`, async () => {
    const broken: string[] = [];
    for (const { path, anchor } of linksOf(document, await read(document))) {
      // What leaves the repository is a page of the place where it is hosted.
      if (path.startsWith("..")) continue;
      if (!await exists(path)) broken.push(path);
      else if (anchor !== undefined) {
        const headings = [...(await read(path)).matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) =>
          anchorOf(text)
        );
        if (!headings.includes(anchor)) broken.push(`${path}#${anchor}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  Deno.test(`the files that ${document} names are there`, async () => {
    const spans = [...(await read(document)).matchAll(/`((?:lib|tests|scripts|templates)\/[\w./-]*)`/g)];
    const names = new Set(spans.map((match) => match[1] ?? ""));
    const missing: string[] = [];
    for (const name of names) if (!await exists(name)) missing.push(name);
    assert.deepEqual(missing, []);
  });
}

Deno.test("each picture stands on a page, and loads soon", async () => {
  const shown = new Set<string>();
  for (const page of await documents()) {
    for (const { path } of linksOf(page, await read(page))) shown.add(path);
  }
  for await (const { name } of Deno.readDir(`${ROOT}docs/pictures`)) {
    assert.ok(shown.has(`docs/pictures/${name}`), name);
    const { size } = await Deno.stat(`${ROOT}docs/pictures/${name}`);
    assert.ok(size < MOST_PICTURE_BYTES, `${name} has ${size} bytes`);
  }
});

Deno.test("each page is linked from the index of its folder", async () => {
  for (const index of ["docs/README.md", "docs/decisions/README.md"]) {
    const linked = new Set(linksOf(index, await read(index)).map(({ path }) => path));
    const pages = (await manual()).filter((page) => dirname(page) === dirname(index) && page !== index);
    assert.deepEqual(pages.filter((page) => !linked.has(page)), []);
  }
});

Deno.test("each decision says the choice, why, and what was refused", async () => {
  for (const page of await manual()) {
    if (dirname(page) !== "docs/decisions" || page.endsWith("README.md")) continue;
    const headings = [...(await read(page)).matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    assert.deepEqual(headings, ["Choice", "Why", "What was refused"], page);
  }
});
