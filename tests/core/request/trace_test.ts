/** What becomes of a request: what a real HAProxy cannot show here, beside tests/haproxy/explained_urls_test.ts. */
import assert from "node:assert/strict";
import { BUILTIN_TEMPLATES } from "../../../lib/core/config/templates.ts";
import { RULES } from "../../../lib/core/request/rules.ts";
import { sha1 } from "../../../lib/core/values/sha1.ts";
import { port } from "../containers.ts";
import { Asked, TLS } from "./asked.ts";

Deno.test("rules are told in the order in which the frontend has them, and none is left out", () => {
  const included = [...(BUILTIN_TEMPLATES["frontend.eta"] ?? "").matchAll(/include\("@route_(\w+)\.eta"/g)]
    .map(
      ([, name = ""]) => name,
    );
  assert.deepEqual(included.slice(included.indexOf("variants") + 1), [...RULES.keys()]);
});

Deno.test("what a request meets is told in order, up to what answers it", () => {
  const asked = new Asked({
    web: {
      hostname: "a.test",
      allow_from: ["192.0.2.0/24"],
      ssl_only: true,
      redirects: ["~/old/(.*) /new/\\1 301"],
      rate_limit: "10/1s",
      basic_auth: ["ann:{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00="],
      context_root_target: "/in",
    },
  }, TLS);
  const rulesOf = (url: string, from: string, ...headers: string[]) => {
    const { steps, answer } = asked.trace(url, { from, headers });
    const status = answer.by === "haproxy" ? answer.status : answer.by;
    return `${steps.map(({ rule, outcome }) => `${rule} ${outcome}`).join(", ")}: ${status}`;
  };
  assert.equal(rulesOf("http://a.test/", "198.51.100.1"), "access answers: 403");
  assert.equal(rulesOf("http://a.test/x?y", "192.0.2.9"), "access passes, tls answers: 308");
  assert.equal(
    rulesOf("https://a.test/old/x", "192.0.2.9"),
    "access passes, tls passes, redirect answers: 301",
  );
  assert.equal(
    rulesOf("https://a.test/x", "192.0.2.9"),
    "access passes, tls passes, redirect passes, rate depends, auth answers: 401",
  );
  assert.equal(
    rulesOf("https://ann:wrong@a.test/x", "192.0.2.9"),
    "access passes, tls passes, redirect passes, rate depends, auth answers: 401",
  );
  const right = asked.trace("https://ann:hello@a.test/x?y", { from: "::ffff:192.0.2.9" });
  assert.deepEqual(right.answer, {
    by: "container",
    route: "a.test",
    backend: "a.test",
    sees: { host: "a.test", path: "/in/x?y" },
  });
  assert.equal(asked.trace("http://a.test/").steps[0]?.outcome, "depends");
});

Deno.test("a redirect names a port only where it is not the usual one, and none behind a proxy", () => {
  const said = {
    web: { hostname: "www.test", ssl_only: true },
    other: { hostname: "n.test", redirects: ["old.test n.test"], canonical_host: "m.test" },
  };
  const locationOf = (asked: Asked, url: string) => {
    const { answer } = asked.trace(url);
    return answer.by === "haproxy" ? answer.location : answer.by;
  };
  const usual = new Asked(said, TLS);
  assert.equal(locationOf(usual, "http://WWW.test.:80/a?b"), "https://www.test/a?b");
  assert.equal(locationOf(usual, "http://old.test/a?b"), "http://n.test/a?b");
  assert.equal(locationOf(usual, "https://n.test/a"), "https://m.test/a");
  const tls = { port: port(8_443), options: "", profile: "intermediate" } as const;
  const unusual = new Asked(said, { httpPort: port(8_080), tls });
  assert.equal(locationOf(unusual, "http://www.test/a"), "https://www.test:8443/a");
  assert.equal(locationOf(unusual, "http://old.test/"), "http://n.test:8080/");
  assert.equal(locationOf(unusual, "https://old.test/"), "https://n.test:8443/");
  const behind = new Asked(said, { httpPort: port(8_080), trustedProxies: ["192.0.2.0/24"] });
  assert.equal(locationOf(behind, "https://old.test/"), "https://n.test/");
  assert.equal(locationOf(behind, "https://www.test/"), "container");
});

Deno.test("a share tells each way with its part of a hundred, and a cookie decides it", () => {
  const asked = new Asked({
    plain: { hostname: "a.test" },
    canary: { hostname: "a.test", share: 20, sticky_session_cookie: "side" },
    more: { hostname: "a.test", share: 5 },
  });
  const ways = asked.ways("http://a.test/").map((
    { percent, trace },
  ) => [percent, trace.route?.variantOf ?? null]);
  assert.deepEqual(ways.map(([percent]) => percent).sort(), [20, 80].sort());
  const kept = (draw: number) => asked.trace("http://a.test/", { headers: [`Cookie: side~share=${draw}`] });
  assert.equal(kept(19).route?.variantOf, "a.test/");
  assert.equal(kept(20).route?.variantOf, undefined);
});

Deno.test("TLS that goes through is told of, with who may come in, and what ends here is looked at", () => {
  const asked = new Asked({
    passed: { hosts: ["db.test", "*.pass.test"], ssl_passthrough: true, allow_from: ["192.0.2.1"] },
    ended: { hostname: "web.test", alias_domains: ["in.pass.test"] },
  }, TLS);
  const by = (url: string, from = "192.0.2.1") => {
    const { route, answer } = asked.trace(url, { from });
    return `${route?.by} ${answer.by}`;
  };
  assert.equal(by("https://db.test/"), "tls container");
  assert.equal(by("https://DB.test./"), "tls container");
  assert.equal(by("https://x.pass.test/"), "tls container");
  assert.equal(by("https://x.pass.test/", "192.0.2.2"), "tls nobody");
  assert.equal(by("https://in.pass.test/"), "host container");
  assert.equal(by("https://web.test/"), "host container");
  assert.equal(by("http://db.test/"), "undefined haproxy");
});

Deno.test("what HAProxy answers by itself needs no route", () => {
  const asked = new Asked({}, { statsUser: "stats", acmeThumbprint: "print" });
  const statusOf = (url: string, method?: string, ...headers: string[]) => {
    const { answer } = asked.trace(url, { method, headers });
    return answer.by === "haproxy" ? answer.status : answer.by === "nobody" ? answer.why : answer.by;
  };
  assert.equal(statusOf("http://a.test/haproxy?monitor"), 200);
  assert.equal(statusOf("http://a.test/haproxy?stats;csv"), 401);
  assert.equal(statusOf("http://a.test/.well-known/acme-challenge/abc"), 200);
  assert.equal(statusOf("http://a.test/.well-known/acme-challenge/a.c"), 404);
  assert.equal(statusOf("http://a.test/", "CONNECT"), 405);
  assert.equal(statusOf("http://a.test/", "GET", "Host: a/b"), 400);
  assert.equal(statusOf(`http://${"a".repeat(63)}.${"b.".repeat(100)}test/`), 400);
  assert.match(`${statusOf("https://a.test/")}`, /no TLS listener/);
});

Deno.test("clients with certificates of their own come by TLS, for the host of their connection", () => {
  const asked = new Asked({ web: { hostname: "a.test", client_ca: "staff", hsts: 600 } }, TLS);
  const stepsOf = (url: string, ...headers: string[]) =>
    asked.trace(url, { headers }).steps.map(({ rule, status }) => `${rule} ${status ?? ""}`.trim());
  assert.deepEqual(stepsOf("https://a.test/"), ["hsts", "clients 403"]);
  assert.deepEqual(stepsOf("https://b.test/", "Host: a.test"), ["hsts", "clients 421"]);
  assert.deepEqual(stepsOf("http://a.test/"), ["clients 308"]);
});

Deno.test("each rule names who said it, by label or key", () => {
  const [way] = new Asked({
    old: { hostname: "a.test", deny_from: ["192.0.2.0/24"] },
    young: { hostname: "a.test", maintenance: "Back <b>soon</b>" },
  }).told("http://a.test/", { from: "198.51.100.7" });
  assert.deepEqual(way?.steps.map(({ rule, said }) => [rule, ...said]), [
    ["access", {
      key: "deny_from",
      value: "192.0.2.0/24",
      from: '"deny_from" of INTERLOCK_DATA of the container "old"',
    }],
    ["maintenance", {
      key: "maintenance",
      value: "every request gets 503",
      from: '"maintenance" of INTERLOCK_DATA of the container "young"',
    }],
  ]);
  assert.deepEqual(way?.containers, []);
});

Deno.test("SHA-1 is that of the standard", () => {
  assert.equal(sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assert.equal(
    sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  );
  assert.equal(sha1("a".repeat(1_000)), "291e9a6c66994949b57ba5e650361e98fc36b1ba");
});

Deno.test("an IPv6 client is judged by the IPv4 address in its own too", () => {
  const asked = new Asked({
    shut: { hostname: "shut.test", deny_from: ["192.0.2.0/24"] },
    six: { hostname: "six.test", allow_from: ["::/0"] },
    four: { hostname: "four.test", allow_from: ["192.0.2.0/24"] },
  });
  const isIn = (host: string, from: string) =>
    asked.trace(`http://${host}/`, { from }).steps.find(({ rule }) => rule === "access")?.outcome ===
      "passes";
  assert.deepEqual(["shut.test", "six.test", "four.test"].map((host) => isIn(host, "64:ff9b::192.0.2.1")), [
    false,
    true,
    false,
  ]);
  assert.ok(isIn("shut.test", "64:ff9b::198.51.100.1"));
});
