/**
 * The examples of README.md and of the pages below docs are run on an engine, and what they print is what the pages
 * show. `UPDATE=1` writes what they print into the pages.
 */
import assert from "node:assert/strict";
import { blocksOf, manual, read, ROOT } from "../docs/documents.ts";
import { hasImage, needsBinary, runPage } from "../docs/session.ts";
import { docker, engineFromEnv, OWNER_LABEL } from "../harness/engine.ts";
import { whereIs } from "../harness/images/parts.ts";
import { makeBusybox, makeDebian } from "../harness/images/public.ts";
import { live } from "./stage.ts";

/** Images that the engine did not have before; the pages share them. */
const made = new Set<string>();

Deno.test.afterAll(async () => {
  // The pages build this one.
  if (made.has("debian:12-slim")) made.add("signalbox");
  if (made.size > 0) await docker("image", "rm", "-f", ...made);
});

/** Makes a public image, unless the engine has it. */
async function makeImage(name: string, make: (name: string) => Promise<void>): Promise<void> {
  if (made.has(name) || await hasImage(name)) return;
  made.add(name);
  await make(name);
}

const isUpdate = Deno.env.get("UPDATE") === "1";

for (const page of ["README.md", ...await manual()]) {
  const text = await read(page);
  const blocks = blocksOf(text);
  if (!blocks.some(({ words }) => words.includes("run"))) continue;
  const isInContainer = needsBinary(blocks);
  const missing = isInContainer ? await whatIsMissing(text) : undefined;
  if (missing !== undefined) {
    console.error(`skipped: the examples of ${page} need ${missing}`);
    continue;
  }

  live(`the examples of ${page} do what it says`, async ({ folder, defer }) => {
    assert.equal(
      await docker("ps", "-q"),
      "",
      "the examples list containers: they need an engine without others",
    );
    await makeImage("busybox", makeBusybox);
    if (isInContainer) await makeImage("debian:12-slim", makeDebian);
    const played = await runPage(text, { folder, engine: engineFromEnv().host, label: OWNER_LABEL, defer });
    if (isUpdate) return await Deno.writeTextFile(ROOT + page, played.text);
    const hint = "UPDATE=1 writes what the examples print";
    for (const { printed, expected } of played.differences) assert.equal(printed, expected, hint);
  });
}

/** What this machine lacks for a page that puts signalbox into a container. */
async function whatIsMissing(text: string): Promise<string | undefined> {
  if (Deno.env.get("SIGNALBOX_BIN") === undefined) return "the binary, to put it into an image";
  if (!text.includes("docker compose")) return undefined;
  return await whereIs("docker-compose").then(() => undefined, () => "docker-compose");
}
