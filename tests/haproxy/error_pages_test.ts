/** Pages of the operator in place of what HAProxy answers itself, as curl gets them over HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { type Answered, curl, valuesOf, WAYS } from "./answered.ts";
import { Echo, sendRaw } from "./echo.ts";
import { snapshotOf } from "./one_route.ts";
import { called, canAddBackends, canAddServers, onStage, programs, type Stage } from "./stage.ts";

/** Longest that signalbox takes, with HAProxy's usual buffer: in bytes. */
const LONGEST = 14_336;

/** A folder of pages, gone with the block. */
class Pages implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async of(pages: Readonly<Record<string, string>>): Promise<Pages> {
    const folder = await Deno.makeTempDir({ prefix: "signalbox-pages-" });
    for (const [path, text] of Object.entries(pages)) {
      await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    return new Pages(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const PAGES = {
  "4xx.html": "<h1>wrong: 100% %[src] é</h1>",
  "5xx.html": "<h1>down</h1>\n<pre>a\nb</pre>",
  "shop/401.html": "<h1>shop: password</h1>",
  "shop/4xx.html": "<h1>shop: wrong</h1>",
  "shop/5xx.html": "<h1>shop: down</h1>",
};
const WRONG = PAGES["4xx.html"];
const DOWN = "<h1>down</h1> <pre>a&#10;b</pre>";
const BODY = ["--data", "x".repeat(1_000)];

/** What a client sees of a page. */
const seen = ({ status, headers, body }: Answered): string =>
  `${status} ${valuesOf(headers, "content-type").join()} ${
    valuesOf(headers, "cache-control").join()
  } ${body}`;
const page = (status: number, text: string): string => `${status} text/html; charset=utf-8 no-store ${text}`;

for (const program of programs) {
  const test = (
    sentence: string,
    pages: Readonly<Record<string, string>>,
    act: (stage: Stage, apply: Apply, folder: string) => Promise<void>,
    settings: Readonly<Record<string, string>> = {},
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using folder = await Pages.of(pages);
      await using echo = new Echo((head) => {
        if (head.includes(" /gone ")) return "";
        if (head.includes(" /own ")) return own;
        return head.includes(" /slow ") ? null : undefined;
      });
      await onStage(program, { settings: { "error-pages": folder.folder, ...settings } }, async (stage) => {
        const apply: Apply = async (data, note = {}) =>
          (await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), note))).plan.kind;
        await act(stage, apply, folder.folder);
      });
    });

  test(
    "what it answers itself has the pages of --error-pages, in each set that a route asks for",
    PAGES,
    async (stage, apply) => {
      const routes = (more: object) => [
        { ...more, hostname: "shut.local", deny_from: ["127.0.0.1"] },
        { ...more, hostname: "secret.local", basic_auth: [USER] },
        { ...more, hostname: "small.local", max_body: 5 },
        { ...more, hostname: "seldom.local", rate_limit: "1/1h" },
        { ...more, hostname: "hasty.local", server_timeout: 100 },
        { ...more, hostname: "any.local" },
      ];
      const expectAll = async (sets: Readonly<Record<string, string>>, isLimited: boolean) => {
        const asked = [
          ["unknown.local", "/", 404, WRONG],
          ["shut.local", "/", 403, sets["4xx"]],
          ["secret.local", "/", 401, sets["401"]],
          ["hasty.local", "/slow", 504, sets["5xx"]],
          ["any.local", "/gone", 502, sets["5xx"]],
          ...(isLimited ? [["seldom.local", "/", 429, sets["4xx"]]] as const : []),
        ] as const;
        for (const way of WAYS) {
          for (const [host, path, status, text = ""] of asked) {
            // What HAProxy says while a client of HTTP/2 still sends may be lost, with a page or without one.
            const isSure = way === "--http1.1" || path !== "/gone";
            for (const more of isSure ? [[], BODY] : [[]]) {
              const answer = await curl(stage.httpPort, host, path, way, ...more);
              assert.equal(seen(answer), page(status, text), `${way} ${host}`);
            }
            const { status: ofHead, headers, body } = await curl(stage.httpPort, host, path, way, "--head");
            const length = new TextEncoder().encode(text).length;
            assert.deepEqual(
              [ofHead, valuesOf(headers, "content-length"), body],
              [`${status}`, [`${length}`], ""],
              `${way} HEAD ${host}`,
            );
          }
          const large = await curl(stage.httpPort, "small.local", "/", way, ...BODY);
          assert.equal(seen(large), page(413, sets["4xx"] ?? ""));
          // What a container answers is the container's.
          const answer = await curl(stage.httpPort, "any.local", "/own", way);
          assert.equal(`${answer.status} ${answer.body}`, "404 mine");
        }
      };
      await apply(routes({}));
      await curl(stage.httpPort, "seldom.local", "/");
      await expectAll({ "4xx": WRONG, "401": WRONG, "5xx": DOWN }, true);
      const realm = await curl(stage.httpPort, "secret.local", "/");
      assert.deepEqual(valuesOf(realm.headers, "www-authenticate"), [
        'Basic realm="secret.local", charset="UTF-8"',
      ]);

      const kind = await apply(routes({ error_pages: "shop" }));
      if (canAddServers(program) && !canAddBackends(program)) assert.equal(kind, "runtime");
      await expectAll({
        "4xx": PAGES["shop/4xx.html"],
        "401": PAGES["shop/401.html"],
        "5xx": PAGES["shop/5xx.html"],
      }, true);
      // A container that is not ready, and HAProxy's Retry-After beside the page.
      await apply(routes({ error_pages: "shop" }), { not_ready: ["web0"] });
      for (const way of WAYS) {
        for (const more of [[], BODY]) {
          const answer = await curl(stage.httpPort, "any.local", "/", way, ...more);
          assert.equal(seen(answer), page(503, PAGES["shop/5xx.html"]));
          assert.deepEqual(valuesOf(answer.headers, "retry-after"), ["1"]);
        }
      }
      assert.match(
        await sendRaw(stage.httpPort, "GET /%zz?a b HTTP/1.1\r\nHost: a b\r\n\r\n"),
        /^HTTP\/1\.[01] 400 /,
      );
    },
  );

  const long = `<!-- ${"x".repeat(LONGEST - 9)} -->`;
  test("the longest page fits into its buffer beside the headers of the answer", {
    "4xx.html": long,
    "5xx.html": long,
  }, async (stage, apply) => {
    await apply({
      hostname: "shut.local",
      deny_from: ["127.0.0.1"],
      cors_origins: [`https://${"a".repeat(60)}.example`],
      hsts: "max-age=31536000; includeSubDomains; preload",
    });
    const origin = ["--header", `Origin: https://${"a".repeat(60)}.example`];
    for (const way of WAYS) {
      for (const [host, status] of [["shut.local", 403], ["unknown.local", 404]] as const) {
        for (const more of [[], BODY]) {
          const answer = await curl(stage.httpPort, host, "/", way, ...origin, ...more);
          assert.equal(seen(answer), page(status, long));
        }
      }
    }
  }, { trace: "true" });

  test(
    "another page comes with a reload, and one that takes over has the pages",
    { "404.html": "first" },
    async (stage, apply, folder) => {
      const ask = async () => (await curl(stage.httpPort, "unknown.local", "/")).body;
      await apply({ hostname: "any.local" });
      assert.equal(await ask(), "first");
      // With the same pages there is nothing to do.
      await stage.replace();
      const isKnown = canAddServers(program);
      const same = await apply({ hostname: "any.local" });
      if (isKnown) assert.equal(same, "nothing");
      await Deno.writeTextFile(`${folder}/404.html`, "second");
      await stage.replace();
      assert.equal(await apply({ hostname: "any.local" }), "reload");
      assert.equal(await ask(), "second");
    },
  );
}

type Apply = (data: unknown, note?: Parameters<typeof want>[2]) => Promise<string>;

const own = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmine";
/** Of password "a". */
const USER = "a:{SHA}hvfkN/qlp/zhXR3cuerq6jd2Z7g=";
