/** Where clients are sent: hosts, paths, patterns of paths and canonical hosts, over HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { snapshotOf } from "./containers_of_routes.ts";
import { curl, PROTOCOLS } from "./curl.ts";
import { Echo, ok, sendHead, statusOf } from "./echo.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

const WEB = {
  hostname: "www.test",
  redirects: [
    "old.test https://www.test",
    "old.test/blog /news 301",
    "www.test/gone https://new.test:8443/x?a=b 302",
    "~^/posts/([0-9]+)/(.*)$ /p/\\2-\\1 303",
    "~/posts/(.*) https://else.test/\\1 307",
    "*.wild.test www.test",
  ],
};

/** What each URL is answered with: a status, or a code and where it leads. */
type Answers = Readonly<Record<string, string>>;

/** Asks for each URL by GET and by POST with a body, over both protocols; `PORT` stands for HAProxy's own. */
async function expectAnswers({ httpPort }: Stage, answers: Answers, port = httpPort): Promise<void> {
  for (const [url, answer] of Object.entries(answers)) {
    const wanted = answer.replaceAll("PORT", `${port}`);
    for (const protocol of PROTOCOLS) {
      for (const method of [[], ["-d", "x".repeat(10_000)]]) {
        const { status, location } = await curl(port, url, protocol, ...method);
        assert.equal(
          `${status}${location === undefined ? "" : ` ${location}`}`,
          wanted,
          `${protocol} ${url}`,
        );
      }
    }
  }
}

for (const program of programs) {
  const name = called(program);

  Deno.test(`${name}: redirects of hosts, paths and patterns lead where they say, and come and go while it runs`, async () => {
    await using echo = new Echo(() => ok("served"));
    await onStage(program, {}, async (stage) => {
      const apply = (data: Readonly<Record<string, unknown>>) =>
        stage.apply(want(stage.routing, snapshotOf(echo.port, { web: data }), {}));
      await apply(WEB);
      await expectAnswers(stage, {
        "http://old.test/a//b?c=%20d": "308 https://www.test/a//b?c=%20d",
        "http://OLD.test./": "308 https://www.test/",
        "http://old.test/blog/x?y": "301 http://old.test:PORT/news",
        "http://old.test/blogs": "308 https://www.test/blogs",
        "http://www.test/gone": "302 https://new.test:8443/x?a=b",
        "http://www.test/posts/12/a/b?c": "303 http://www.test:PORT/p/a/b-12",
        "http://www.test/posts//evil.test": "307 https://else.test//evil.test",
        "http://a.b.wild.test//evil.test/%2e": "308 http://www.test:PORT//evil.test/%2e",
        "http://www.test/": "200",
        "http://www.test/post": "200",
      });
      const star = await sendHead(
        stage.httpPort,
        "OPTIONS * HTTP/1.1",
        "Host: old.test",
        "Connection: close",
      );
      assert.match(star, /^HTTP\/1\.1 308 [^]*\r\nlocation: https:\/\/www\.test\r\n/i);
      // The first pattern of the list counts, also after others came in front of it.
      await apply({ ...WEB, redirects: ["~/posts/(.*) /all/\\1", ...WEB.redirects.slice(1, 4)] });
      await expectAnswers(stage, {
        "http://www.test/posts/12/a": "308 http://www.test:PORT/all/12/a",
        "http://old.test/": "404",
        "http://old.test/blog": "301 http://old.test:PORT/news",
      });
      await apply({ hostname: "www.test" });
      await expectAnswers(stage, { "http://www.test/posts/12/a": "200", "http://old.test/blog": "404" });
    });
  });

  Deno.test(`${name}: every host of a route but the canonical one is redirected to it`, async () => {
    await using echo = new Echo(() => ok("served"));
    const httpsPort = freePort();
    const settings = { "tls-cert": (await certificate()).path, "https-port": String(httpsPort) };
    await onStage(program, { settings }, async (stage) => {
      const apply = (canonical: string) => {
        const web = { hostname: "site.test", alias_domains: ["*.alias.test"], canonical_host: canonical };
        return stage.apply(want(stage.routing, snapshotOf(echo.port, { web }), {}));
      };
      await apply("www");
      await expectAnswers(stage, {
        "http://site.test/a?b": "308 http://www.site.test:PORT/a?b",
        "http://x.alias.test/": "308 http://www.site.test:PORT/",
        "http://www.site.test/": "200",
        "http://WWW.site.test./": "200",
      });
      const { status, location } = await curl(httpsPort, "https://site.test/a");
      assert.deepEqual([status, location], [308, `https://www.site.test:${httpsPort}/a`]);
      await apply("naked");
      await expectAnswers(stage, {
        "http://site.test/a": "200",
        "http://www.site.test/a": "308 http://site.test:PORT/a",
        "http://x.alias.test/a": "308 http://site.test:PORT/a",
      });
      await apply("main.test");
      await expectAnswers(stage, {
        "http://site.test/a": "308 http://main.test:PORT/a",
        "http://main.test/a": "200",
        "http://www.site.test/a": "404",
      });
    });
  });

  Deno.test(`${name}: with --https-redirect every route is redirected but the exceptions`, async () => {
    await using echo = new Echo(() => ok("served"));
    const settings = {
      "tls-cert": (await certificate()).path,
      "https-port": String(freePort()),
      "https-redirect": "true",
    };
    await onStage(program, { settings }, async (stage) => {
      const containers = {
        shut: { hostname: "shut.test" },
        open: { hostname: "open.test", ssl_only: false },
        part: { hostname: "shut.test", context_root: "/open", ssl_only: false },
      };
      await stage.apply(want(stage.routing, snapshotOf(echo.port, containers), {}));
      const ask = async (host: string, path: string) =>
        statusOf(
          await sendHead(stage.httpPort, `GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close"),
        );
      assert.equal(await ask("shut.test", "/"), "308");
      assert.equal(await ask("shut.test", "/open/x"), "200");
      assert.equal(await ask("open.test", "/"), "200");
    });
  });
}
