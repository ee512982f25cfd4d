/**
 * A real browser in front of signalbox: the system's chromium, one for all tests of a file, and a visitor with cookies,
 * passwords and a cache of their own for each test. What a browser does with answers (CORS, cookies, redirects of forms,
 * passwords) is decided by it alone: no other client shows whether an answer is right for it.
 */
import { isAbsolute, join } from "node:path";
import type { Browser, BrowserContextOptions, Page, Request } from "playwright-core";
import { eventually } from "../harness/program.ts";
import { live, type Stage } from "./stage.ts";

const chromium = findChromium();
if (chromium === undefined) {
  console.error("skipped: the tests with a browser, since chromium is not installed");
}

/** All names are this machine, and nothing is asked for that the test did not. */
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
  "--host-resolver-rules=MAP * 127.0.0.1",
];
/** How long a page may take, in milliseconds. */
const PAGE_LIMIT_MS = 30_000;

let browser: Browser | undefined;

Deno.test.beforeAll(async () => {
  if (chromium === undefined) return;
  // Types are enough where no browser is.
  const playwright = await import("playwright-core");
  // It makes a user-data-dir of its own in the temporary folder, and removes it when the browser ends.
  browser = await playwright.chromium.launch({ executablePath: chromium, headless: true, args: FLAGS });
});

Deno.test.afterAll(() => browser?.close());

/** Opens a page for a visitor of its own. */
export type OpenPage = (options?: BrowserContextOptions) => Promise<Page>;

async function visitor(defer: (end: () => unknown) => void, options: BrowserContextOptions): Promise<Page> {
  if (browser === undefined) throw new Error("the browser was not started");
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  defer(() => context.close());
  context.setDefaultTimeout(PAGE_LIMIT_MS);
  return await context.newPage();
}

/** A test with a browser on the engine, named by the sentence that it proves; ignored where one of them is missing. */
export function browsing(sentence: string, body: (stage: Stage, open: OpenPage) => Promise<void>): void {
  live(
    sentence,
    (stage) => body(stage, (options = {}) => visitor((end) => stage.defer(end), options)),
    { isIgnored: chromium === undefined },
  );
}

/** A test with a browser and without an engine; ignored where there is no browser. */
export function opening(sentence: string, body: (open: OpenPage) => Promise<void>): void {
  const test = async () => {
    const ends: (() => unknown)[] = [];
    try {
      await body((options = {}) => visitor((end) => ends.push(end), options));
    } finally {
      for (const end of ends) await end();
    }
  };
  // The browser has processes and connections that outlive a test.
  const shared = { sanitizeOps: false, sanitizeResources: false };
  Deno.test({ name: sentence, fn: test, ignore: chromium === undefined, ...shared });
}

/** What a visitor sees of a page. */
export type Seen = { readonly url: string; readonly text: string };

const DROPPED = /ERR_NETWORK_CHANGED|is interrupted by another navigation|Execution context was destroyed/;

/**
 * Goes to a URL as who types it does. A container that starts brings an interface, and with it the browser drops what is
 * under way (ERR_NETWORK_CHANGED), as it does where a laptop finds another network: then it goes there again, which its
 * page of the error may interrupt, or its own second try.
 */
export async function visit(page: Page, url: string): Promise<Seen & { status: number; protocol: string }> {
  const go = async () => {
    const response = await page.goto(url);
    if (response === null) throw new Error(`${url} is the page that was there`);
    return { ...await look(page), status: response.status(), protocol: await response.httpVersion() };
  };
  const seen = await eventually(
    () => go().catch((error) => DROPPED.test(String(error)) ? undefined : { error }),
    { what: `${url} to be loaded` },
  );
  if ("error" in seen) throw seen.error;
  return seen;
}

async function look(page: Page): Promise<Seen> {
  return { url: page.url(), text: await page.evaluate("document.body.innerText.trim()") };
}

/**
 * A call of fetch() by a script of the page: the status and the text that the script can read, or what it is told. One that the
 * browser dropped since the network changed is made again.
 */
export async function fetchFrom(
  page: Page,
  url: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  let isDropped = false;
  const note = (request: Request) => isDropped ||= DROPPED.test(request.failure()?.errorText ?? "");
  page.on("requestfailed", note);
  try {
    const ask = () =>
      page.evaluate<string>(
        `fetch(${JSON.stringify(url)}, ${JSON.stringify(options)}).then(
          async (answer) => answer.status + " " + await answer.text(), (error) => String(error))`,
      );
    return await eventually(async () => {
      isDropped = false;
      const said = await ask();
      if (isDropped || !said.startsWith("TypeError")) return isDropped ? undefined : said;
      // The event may come later, and of a preflight there is none: what is refused is refused again.
      const again = await ask();
      return isDropped ? undefined : again;
    }, { what: `${url} to be asked for` });
  } finally {
    page.off("requestfailed", note);
  }
}

/** Sends a form of the page by POST, with one field, and shows what comes of it. */
export async function postForm(page: Page, action: string, value: string): Promise<Seen> {
  await page.setContent(
    `<form method="post" enctype="text/plain" action="${action}"><input name="id" value="${value}"></form>`,
  );
  await Promise.all([
    page.waitForNavigation(),
    page.evaluate("document.forms[0].submit()"),
  ]);
  return await look(page);
}

function findChromium(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter(isAbsolute);
  return folders.map((folder) => join(folder, "chromium")).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}
