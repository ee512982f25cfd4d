/** The page of `--admin` for tests: its views, what stands in them, and what axe-core finds wrong with them. */
import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { eventually } from "../harness/eventually.ts";
import type { OpenPage } from "./browser.ts";

/** The views, as the address calls them. */
export const VIEWS = ["routes", "changes", "not-served", "certificates", "config", "try"] as const;
/** One of them. */
export type ViewName = (typeof VIEWS)[number];

/** A page that is open, and what went wrong in it. */
export type OpenedPage = { readonly page: Page; readonly troubles: readonly string[] };

/** Opens the page at a port, and waits until it is live. */
export async function openPage(
  open: OpenPage,
  port: number,
  options: Parameters<OpenPage>[0] = {},
): Promise<OpenedPage> {
  const page = await open({ viewport: { width: 1280, height: 800 }, ...options });
  const troubles: string[] = [];
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("dialog", (dialog) => {
    troubles.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.locator(".connection.live").waitFor();
  return { page, troubles };
}

/** Turns to a view, as who reads the page does. */
export async function turnTo(page: Page, view: ViewName): Promise<void> {
  await page.locator(`nav a[href="#${view}"]`).click();
  await page.locator(`nav a[href="#${view}"][aria-current="page"]`).waitFor();
}

/** Waits until the page has a text, wherever. */
export async function says(page: Page, pattern: RegExp, where = "body"): Promise<void> {
  await eventually(async () => {
    const text = await page.locator(where).first().innerText();
    if (!pattern.test(text)) throw new Error(text.slice(0, 2_000));
    return true;
  }, { what: `${pattern} in ${where}` });
}

/** Everything that axe-core has rules for (WCAG and its own good practice) is right. */
export async function isAccessible(page: Page, what: string): Promise<void> {
  // The page's policy lets no other script in; the debugger may evaluate one.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(
    ({ violations }) => violations.map(({ id, help, nodes }) => id + ": " + help + ": " + nodes.map(({ html, failureSummary }) => html + " " + failureSummary).join(" | ")))`);
  assert.deepEqual(violations, [], what);
}

/** The folder where pictures for the documents are kept, if they are to be made. */
export const PICTURES: string | undefined = Deno.env.get("SIGNALBOX_TEST_SCREENSHOTS");

/** Keeps a picture of the page, or of a part of it, where they are to be made. */
export async function keepPicture(page: Page, name: string, part?: string): Promise<void> {
  if (PICTURES === undefined) return;
  const path = `${PICTURES}/${name}.png`;
  await (part === undefined ? page.screenshot({ path }) : page.locator(part).screenshot({ path }));
}
