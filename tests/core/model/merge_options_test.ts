/** What containers of one host and path come to together: a younger one weakens nothing that an older one said. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import type { RouteOptions } from "../../../lib/core/model/model.ts";
import type { RoutingSettings } from "../../../lib/core/model/routing_settings.ts";
import { formatNetwork } from "../../../lib/core/values/network.ts";
import { container, port, SETTINGS } from "../containers.ts";

type Said = Readonly<Record<string, unknown>>;
type Given = Partial<Pick<RoutingSettings, "redirectsToTls">> & {
  readonly frontend?: Partial<RoutingSettings["frontend"]>;
};

const TLS = { port: port(443), options: "", profile: "intermediate" as const };

/** What containers of one host come to, the oldest first, and the keys of which they are told. */
function together(all: readonly Said[], { frontend, ...given }: Given = {}) {
  const settings = { ...SETTINGS, ...given, frontend: { ...SETTINGS.frontend, ...frontend } };
  const containers = all.map((said, at) =>
    container(`c${at}`, {
      createdAt: at,
      interlockData: JSON.stringify({ hostname: "www.example.com", ...said }),
    })
  );
  const { model, notices } = buildModel(
    { containers, stopping: new Set(), starting: new Set() },
    settings,
  );
  assert.deepEqual(model.backends.map(({ servers }) => servers.length), [all.length]);
  const { options, shape } = model.backends[0] ?? assert.fail();
  const told = notices.filter(({ code }) => code === "conflict").map(({ subject, message }) =>
    `${subject} ${message.split(" ", 1)}`
  );
  return { options, shape, told, messages: notices.map(({ message }) => message) };
}

const allowed = ({ allow_from }: RouteOptions) => allow_from?.flat().map(formatNetwork);

Deno.test("what one container refuses, another one does not let in", () => {
  const deny = { deny_from: ["10.0.0.0/8"] };
  const allow = { allow_from: ["10.1.0.0/16", "10.0.0.0/7", "192.168.0.0/16", "fd00::/8"] };
  for (const all of [[deny, allow], [allow, deny]]) {
    const { options, told } = together(all);
    assert.deepEqual(allowed(options), ["10.0.0.0/7", "192.168.0.0/16", "fd00:0:0:0:0:0:0:0/8"]);
    assert.deepEqual(told, [all[0] === allow ? "c0 allow_from" : "c1 allow_from"]);
  }
});

Deno.test("a list of which nothing is left lets nobody in", () => {
  const { options } = together([{ deny_from: ["10.0.0.0/8"] }, { allow_from: ["10.0.0.0/8"] }]);
  assert.deepEqual(allowed(options), []);
});

Deno.test("a container may except networks from what it refuses itself", () => {
  const own = { allow_from: ["10.1.0.0/16"], deny_from: ["10.0.0.0/8"] };
  assert.deepEqual(allowed(together([own, {}]).options), ["10.1.0.0/16"]);
  // One that joins and says the same with a list of its own refuses no client that it lets in.
  const joined = together([{ allow_from: ["10.1.2.0/24"] }, { ...own, allow_from: ["10.1.0.0/16"] }]);
  assert.deepEqual(allowed(joined.options), ["10.1.2.0/24"]);
  assert.deepEqual(joined.told, ["c1 allow_from"]);
});

Deno.test("a key that needs another one counts only from the container that decides that one", () => {
  const origins = { cors_origins: ["https://app.example.com"] };
  const asked = { forward_auth: "http://10.9.9.9:9091/" };
  const pattern = { path_regex: "/a", path_replacement: "/b" };
  const rows: [
    older: Said,
    younger: Said,
    key: "rate_limit_by" | "cors_credentials" | "forward_auth_headers",
  ][] = [
    [{ rate_limit: "5/1m" }, { rate_limit: "5/1m", rate_limit_by: "header X-Any" }, "rate_limit_by"],
    [origins, { ...origins, cors_credentials: true }, "cors_credentials"],
    [asked, { ...asked, forward_auth_headers: ["Remote-User"] }, "forward_auth_headers"],
  ];
  for (const [older, younger, key] of rows) {
    const both = together([older, younger]);
    assert.equal(both.options[key], undefined, key);
    assert.deepEqual(both.told, [`c1 ${key}`]);
    assert.notEqual(together([younger, older]).options[key], undefined, key);
    assert.deepEqual(together([younger, younger]).told, []);
  }
  const patterns = together([pattern, { ...pattern, path_regex: "/c" }]);
  assert.deepEqual(patterns.options.path_regex, { text: "/a", groups: 0 });
  assert.deepEqual(patterns.told, ["c1 path_regex"]);
  const cookies = together([{ sticky_session_cookie: "A" }, {
    sticky_session_cookie: "A",
    sticky_session_secure: true,
  }]);
  assert.equal(cookies.shape.sticky_session_secure, undefined);
});

Deno.test("one container may say a key in one element of its data and what it needs in another", () => {
  const elements = [
    { hostname: "www.example.com", rate_limit: "5/1m" },
    { hostname: "www.example.com", rate_limit: "5/1m", rate_limit_by: "host" },
  ];
  const one = container("one", { interlockData: JSON.stringify(elements) });
  const { model, notices } = buildModel(
    { containers: [one], stopping: new Set(), starting: new Set() },
    SETTINGS,
  );
  assert.deepEqual(model.backends[0]?.options.rate_limit_by, { by: "host" });
  assert.deepEqual(notices, []);
});

Deno.test("no container says who has signed in", () => {
  for (const header of ["Remote-User: root", "remote_user: root", "-Remote-User"]) {
    const { options, messages } = together([{ request_headers: [header, "X-A: b"] }]);
    assert.deepEqual(options.request_headers, ["X-A: b"]);
    assert.match(messages.join(), /another header than /);
  }
  const older = { forward_auth: "http://10.9.9.9:9091/", forward_auth_headers: ["X-Groups", "Remote-User"] };
  const headers = { request_headers: ["x_groups: admins", "-X-GROUPS", "X-A: b"] };
  const both = together([older, headers]);
  assert.deepEqual(both.options.request_headers, ["X-A: b"]);
  assert.deepEqual(both.told, ["c1 request_headers"]);
  // What the oldest says stays as it is.
  assert.deepEqual(together([headers, older]).options.request_headers, headers.request_headers);
  assert.deepEqual(together([{ ...older, ...headers }, {}]).options.request_headers, headers.request_headers);
});

Deno.test("the service of a younger container does not name the user of an older one's password", () => {
  const password = { basic_auth: ["me:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="] };
  const asked = { forward_auth: "http://10.9.9.9:9091/", forward_auth_headers: ["remote-user", "X-Groups"] };
  const both = together([password, asked]);
  assert.deepEqual(both.options.forward_auth_headers, ["X-Groups"]);
  assert.deepEqual(both.told, ["c1 forward_auth_headers"]);
  assert.deepEqual(
    together([{ ...password, ...asked }]).options.forward_auth_headers,
    asked.forward_auth_headers,
  );
});

Deno.test("an exception to a setting counts only from the oldest container", () => {
  const given = { redirectsToTls: true, frontend: { tls: TLS, hstsSeconds: 600 } };
  const open = { ssl_only: false, hsts: false, access_log: false };
  const late = together([{}, open, {}], given);
  assert.equal(late.options.ssl_only, "setting");
  assert.equal(late.options.hsts, undefined);
  assert.equal(late.options.access_log, false);
  assert.deepEqual(late.told, ["c1 ssl_only", "c1 hsts", "c1 access_log"]);
  // Who joins with nothing to say changes nothing.
  for (const all of [[open], [open, {}], [open, open]]) {
    const early = together(all, given);
    assert.equal(early.options.ssl_only, false);
    assert.deepEqual(early.options.hsts, { header: undefined });
    assert.equal(early.options.access_log, true);
    assert.deepEqual(early.told, []);
  }
  // Where nothing is excepted, nothing is told.
  assert.deepEqual(together([{}, { ssl_only: false, hsts: false }], { frontend: { tls: TLS } }).told, []);
});

Deno.test("maintenance of a younger container holds unless an older one says that there is none", () => {
  assert.equal(together([{}, { maintenance: "soon" }]).options.maintenance, "soon");
  assert.equal(together([{ maintenance: "soon" }, { maintenance: false }]).options.maintenance, "soon");
  const open = together([{}, { maintenance: false }, { maintenance: "soon" }]);
  assert.equal(open.options.maintenance, false);
  assert.deepEqual(open.told, ["c2 maintenance"]);
});

Deno.test("no younger container sends an older one's requests elsewhere", () => {
  const elsewhere = {
    canonical_host: "evil.example.com",
    host_header: "evil.example.com",
    context_root_target: "/evil",
    path_regex: "/(.*)",
    path_replacement: "/evil",
  };
  const keys = Object.keys(elsewhere) as (keyof typeof elsewhere)[];
  const late = together([{}, elsewhere]);
  for (const key of keys) assert.equal(late.options[key], undefined, key);
  assert.deepEqual(late.told.toSorted(), keys.map((key) => `c1 ${key}`).toSorted());
  const early = together([elsewhere, {}]);
  for (const key of keys) assert.notEqual(early.options[key], undefined, key);
  assert.deepEqual(early.told, []);
  const stripped = { context_root: "/app", context_root_rewrite: true };
  assert.equal(together([{ context_root: "/app" }, stripped]).options.context_root_rewrite, undefined);
  assert.deepEqual(together([stripped, { context_root: "/app" }]).options.context_root_rewrite, ["/app"]);
});

Deno.test("where nothing of a scope is said, all backends share what comes of it", () => {
  const { shape, options } = together([{}]);
  const route = together([{ max_requests: 5 }]);
  assert.deepEqual(route.shape, shape);
  const { model } = buildModel({
    containers: [
      container("a", { interlockData: JSON.stringify({ max_requests: 5 }) }),
      container("b", { interlockData: JSON.stringify({ connect_timeout: 500 }) }),
      container("c"),
    ],
    stopping: new Set(),
    starting: new Set(),
  }, SETTINGS);
  const [a, b, c] = model.backends;
  assert.equal(a?.shape, c?.shape);
  assert.equal(b?.options, c?.options);
  assert.notEqual(b?.shape, c?.shape);
  assert.deepEqual(c?.options, options);
});
