/** What a real browser makes of signalbox's answers: scripts of other sites, cookies, redirects and passwords. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { docker, startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { browsing, fetchFrom, postForm, visit } from "./browser.ts";
import { makeCertificate } from "./certificates.ts";
import { type Router, says, type Stage } from "./stage.ts";

/** A browser speaks HTTP/1.1 without TLS, and HTTP/2 with it. */
const WAYS = [["http", "HTTP/1.1"], ["https", "HTTP/2.0"]] as const;
/** What fetch() says of an answer that its script may not read. */
const REFUSED = "TypeError: Failed to fetch";

const portOf = (router: Router, scheme: "http" | "https") =>
  scheme === "http" ? router.port : router.httpsPort;

async function start(stage: Stage): Promise<Router> {
  const { path } = await makeCertificate(stage.folder, "site.test");
  return await stage.router({ flags: ["--tls-cert", path] });
}

/** A container that tells what it was asked; returns when all its hosts are served. */
async function serve(
  router: Router,
  ...routes: readonly (Readonly<Record<string, unknown>> & { readonly hostname: string })[]
): Promise<void> {
  await startContainer({ image: WITNESS, env: { NAME: "app", ...says(routes).env } });
  for (const { hostname, ssl_only: isMoved, basic_auth: isShut } of routes) {
    await router.answers(hostname, isMoved ? 308 : isShut ? 401 : 200);
  }
}

const passwordOf = (user: string, password: string) =>
  `${user}:{SHA}${createHash("sha1").update(password).digest("base64")}`;

browsing(
  "scripts of the sites that a route names read its answers in a browser, and no others",
  async (stage, open) => {
    const router = await start(stage);
    const origins = WAYS.map(([scheme]) => `${scheme}://app.site.test:${portOf(router, scheme)}`);
    await serve(
      router,
      { hostname: "app.site.test" },
      { hostname: "evil.test" },
      ...[
        {
          hostname: "api.site.test",
          cors_methods: ["PUT"],
          cors_headers: ["X-Asked"],
          cors_credentials: true,
        },
        {
          hostname: "shut.site.test",
          cors_headers: ["Authorization"],
          basic_auth: [passwordOf("ann", "sesame")],
        },
      ].map((route) => ({ ...route, cors_origins: origins })),
      { hostname: "open.site.test", cors_origins: ["*"] },
    );
    for (const [scheme, protocol] of WAYS) {
      const urlOf = (host: string, path = "/headers") =>
        `${scheme}://${host}:${portOf(router, scheme)}${path}`;
      const page = await open();
      await page.context().addCookies([{ name: "who", value: "ann", url: urlOf("api.site.test", "/") }]);
      assert.equal((await visit(page, urlOf("app.site.test", "/"))).protocol, protocol);
      const ask = (host: string, options = {}, path = "/headers") =>
        fetchFrom(page, urlOf(host, path), options);

      assert.doesNotMatch(await ask("api.site.test"), /who=ann/);
      assert.match(await ask("api.site.test", { credentials: "include" }), /^200 .*"cookie":"who=ann"/);
      assert.equal(await ask("api.site.test", {}, "/status/500"), "500 app", "a failure can be read too");
      // These need a preflight.
      const put = { method: "PUT", headers: { "X-Asked": "1" }, credentials: "include" };
      assert.equal(await ask("api.site.test", put, `/post?id=${scheme}`), "200 app");
      assert.equal(await ask("api.site.test", { method: "DELETE" }, "/post?id=method"), REFUSED);
      assert.equal(await ask("api.site.test", { headers: { "X-Other": "1" } }, "/post?id=header"), REFUSED);
      // Every site may ask, but with nobody's cookies.
      assert.match(await ask("open.site.test"), /^200 /);
      assert.equal(await ask("open.site.test", { credentials: "include" }), REFUSED);
      // A preflight has no password; a script reads that one is asked for.
      assert.equal(await ask("shut.site.test"), "401 This page asks for a password.\n");
      const authorization = `Basic ${btoa("ann:sesame")}`;
      assert.match(await ask("shut.site.test", { headers: { authorization } }), /^200 .*"remote-user":"ann"/);

      await visit(page, urlOf("evil.test", "/"));
      assert.equal(await ask("api.site.test"), REFUSED);
      assert.equal(await ask("api.site.test", put, "/post?id=evil"), REFUSED);
      assert.match(await ask("open.site.test"), /^200 /);
    }
    // What a preflight was refused for never came to the container.
    assert.deepEqual(JSON.parse((await router.get("api.site.test", "/posts")).body), { http: 1, https: 1 });
  },
);

browsing(
  "a script's request is redirected like any other, since its preflight is answered before the redirect",
  async (stage, open) => {
    const router = await start(stage);
    const origins = WAYS.map(([scheme]) => `${scheme}://app.site.test:${portOf(router, scheme)}`);
    const all = { cors_origins: ["*"], cors_methods: ["PUT"] };
    const some = { cors_origins: origins, cors_methods: ["PUT"] };
    await serve(
      router,
      { hostname: "app.site.test" },
      { hostname: "secure.test", ssl_only: true, ...all },
      { hostname: "listed.test", ssl_only: true, ...some },
      { hostname: "silent.test", ssl_only: true },
      { hostname: "moved.test", redirects: ["moved.test/old /post 308"], ...some },
    );
    const main = { hostname: "main.test", canonical_host: "www", ...all };
    await startContainer({ image: WITNESS, env: { NAME: "main", ...says([main]).env } });
    await router.answers("main.test", 308);
    for (const [scheme, protocol] of WAYS) {
      const page = await open();
      const urlOf = (host: string, path: string) => `${scheme}://${host}:${portOf(router, scheme)}${path}`;
      assert.equal((await visit(page, urlOf("app.site.test", "/"))).protocol, protocol);
      const put = (host: string, path = "/post") =>
        fetchFrom(page, urlOf(host, `${path}?id=${scheme} ${host}`), { method: "PUT" });
      assert.equal(await put("main.test"), "200 main", "to the canonical host");
      // On one host the browser says again whose script asks.
      assert.equal(await put("moved.test", "/old"), "200 app", "to another path");
      if (scheme === "https") continue;
      assert.equal(await put("secure.test"), "200 app", "to TLS");
      // From one host to another it does not: there the script is nobody's (Fetch, "tainted origin").
      assert.equal(await put("listed.test"), REFUSED);
      // Where nothing is said of scripts, the preflight itself is redirected.
      assert.equal(await put("silent.test"), REFUSED);
    }
    assert.deepEqual(JSON.parse((await router.get("app.site.test", "/posts")).body), {
      // What is sent to another path loses its query.
      "": 2,
      "http secure.test": 1,
    });
    assert.deepEqual(JSON.parse((await router.get("www.main.test", "/posts")).body), {
      "http main.test": 1,
      "https main.test": 1,
    });
  },
);

browsing(
  "a browser stays with its container, whichever protocol it speaks and whatever the others do",
  async (stage, open) => {
    const router = await start(stage);
    const started = new Map<string, string>();
    const host = "stick.test";
    const add = async (name: string) => {
      const said = says({ hostname: host, sticky_session_cookie: "SERVER" }).env;
      started.set(name, await startContainer({ env: { NAME: name, ...said } }));
      await eventually(async () => (await router.get(host)).body.trim() === name, {
        what: `${name} to serve`,
      });
    };
    for (const name of ["a", "b", "c"]) await add(name);
    const page = await open();
    let visits = 0;
    // Each time another URL, which the browser has not in its cache.
    const go = (scheme: "http" | "https") =>
      visit(page, `${scheme}://${host}:${portOf(router, scheme)}/?${visits++}`);
    const { text: own } = await go("http");
    const [cookie] = await page.context().cookies();
    assert.deepEqual(
      [cookie?.name, cookie?.httpOnly, cookie?.sameSite, cookie?.expires],
      ["SERVER", true, "Lax", -1],
    );
    const stays = async () => {
      for (const [scheme, protocol] of WAYS) {
        for (let count = 0; count < 5; count++) {
          const { text, protocol: spoken } = await go(scheme);
          assert.deepEqual([text, spoken], [own, protocol]);
        }
      }
    };
    await stays();
    // One of the others goes, and another one comes.
    const [other = ""] = [...started.keys()].filter((name) => name !== own);
    await docker("rm", "-f", started.get(other) ?? "");
    await add("d");
    await stays();
    // Its own goes: it is served by another one, and stays there.
    await docker("rm", "-f", started.get(own) ?? "");
    const next = await eventually(async () => {
      const { text, status } = await go("https");
      return status === 200 && text !== own && text;
    }, { what: "another container to serve" });
    for (let count = 0; count < 5; count++) assert.equal((await go("http")).text, next);
  },
);

browsing(
  "redirects lead a browser where they say, and a form that is sent on by 307 or 308 keeps its body",
  async (stage, open) => {
    const router = await start(stage);
    const moves = [302, 303, 307, 308].map((code) => `from${code}.test new.test ${code}`);
    const redirects = [...moves, "new.test/blog /status/200 301", "~^/posts/([0-9]+)$ /status/\\1"];
    const route = { hostname: "new.test", redirects };
    await serve(router, route, { hostname: "secure.test", ssl_only: true });
    for (const [scheme, protocol] of WAYS) {
      const urlOf = (host: string, path: string) => `${scheme}://${host}:${portOf(router, scheme)}${path}`;
      const page = await open();
      const landsAt = async (from: string, to: string, spoken: string = protocol) => {
        const seen = await visit(page, from);
        assert.deepEqual([seen.url, seen.text, seen.protocol], [to, "app", spoken]);
      };
      const secure = `https://secure.test:${router.httpsPort}`;
      await landsAt(urlOf("secure.test", "/cart?a=b"), `${secure}/cart?a=b`, "HTTP/2.0");
      await landsAt(urlOf("from308.test", "/a?b=c"), urlOf("new.test", "/a?b=c"));
      await landsAt(urlOf("from302.test", "/"), urlOf("new.test", "/"));
      await landsAt(urlOf("new.test", "/blog/old?x"), urlOf("new.test", "/status/200"));
      await landsAt(urlOf("new.test", "/posts/201"), urlOf("new.test", "/status/201"));
      await visit(page, urlOf("new.test", "/"));
      for (const code of [302, 303, 307, 308]) {
        const { url } = await postForm(page, urlOf(`from${code}.test`, "/post"), `${scheme} ${code}`);
        assert.equal(url, urlOf("new.test", "/post"));
      }
      const { url } = await postForm(page, urlOf("secure.test", "/post"), `${scheme} to TLS`);
      assert.equal(url, `${secure}/post`);
    }
    // By 302 and 303 a browser asks with GET, and without the body.
    const once = WAYS.flatMap(([scheme]) => [`${scheme} 307`, `${scheme} 308`, `${scheme} to TLS`]);
    assert.deepEqual(JSON.parse((await router.get("new.test", "/posts")).body), {
      "": 4,
      ...Object.fromEntries(once.map((value) => [`id=${value}\r\n`, 1])),
    });
  },
);

browsing(
  "a browser with the right password is let in, and others see what is asked of them",
  async (stage, open) => {
    const router = await start(stage);
    const [username, password] = ["ann", "schlüssel: ☃"];
    const said = { basic_auth: [passwordOf(username, password)], basic_auth_realm: "the office" };
    await serve(router, { hostname: "shut.test", ...said });
    for (const [scheme, protocol] of WAYS) {
      const url = `${scheme}://shut.test:${portOf(router, scheme)}`;
      const inside = await open({ httpCredentials: { username, password } });
      for (const path of ["/headers", "/headers?again"]) {
        const { status, text, protocol: spoken } = await visit(inside, url + path);
        assert.deepEqual([status, spoken], [200, protocol]);
        const { headers } = JSON.parse(text);
        assert.deepEqual([headers["remote-user"], headers.authorization], [username, undefined]);
      }
      // Who is wrong about the one or the other sees the same page.
      const wrong = scheme === "http" ? { username, password: "guess" } : { username: "bob", password };
      const { status, text } = await visit(await open({ httpCredentials: wrong }), `${url}/headers`);
      assert.deepEqual([status, text], [401, "This page asks for a password."]);
    }
    // Who has none is asked for one; a browser without a window cannot ask, and says so.
    const unasked = visit(await open(), `http://shut.test:${router.port}/headers`);
    await assert.rejects(unasked, /ERR_INVALID_AUTH_CREDENTIALS/);
  },
);
