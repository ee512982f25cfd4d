import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { renderDesired, RenderMemory } from "../../../lib/core/config/render.ts";
import { emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { BUILTIN_TEMPLATES, compileTemplates, TemplateError } from "../../../lib/core/config/templates.ts";
import { container, SETTINGS } from "../containers.ts";

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof TemplateError, String(error));
    return error.message;
  }
  throw new Error("nothing was thrown");
};

Deno.test("a template of the user's is laid over the one that is built in, and no other", () => {
  const templates = compileTemplates({ "hosts.map.eta": "mine\n" });
  assert.equal(templates.render("hosts.map.eta", { routes: [] }), "mine\n");
  assert.match(templates.render("unknown_host.eta", {}), /status 404/);
});

Deno.test("every template that is built in can be compiled", () => {
  assert.doesNotThrow(() => compileTemplates({}));
  assert.ok(Object.keys(BUILTIN_TEMPLATES).length >= 9);
});

Deno.test("a template that cannot be compiled is named, with the line", () => {
  const message = messageOf(() => compileTemplates({ "server.eta": "one\ntwo <%= it.name\n" }));
  assert.match(message, /^template server\.eta cannot be compiled: /);
  assert.match(message, /line 2/);
  assert.doesNotMatch(message, /\n/);
});

Deno.test("a template that fails is named, with the line", () => {
  const templates = compileTemplates({ "server.eta": "one\n<%= it.name %>\n<%= it.nothing.at.all %>\n" });
  const message = messageOf(() => templates.render("server.eta", { name: "web" }));
  assert.match(message, /^template server\.eta failed: line 3 /);
});

Deno.test("a value that is not there is an error, not the word undefined", () => {
  const templates = compileTemplates({ "server.eta": "<%= it.naem %>" });
  assert.match(messageOf(() => templates.render("server.eta", { name: "web" })), /a value is undefined/);
});

Deno.test("a value with a line break or a control character is refused, wherever it comes from", () => {
  const templates = compileTemplates({ "server.eta": "<%= it.name %>" });
  for (const name of ["a\nb", "a\rb", "a\0b", "a\u2028b", "a\u0085b", "\u001b"]) {
    assert.match(
      messageOf(() => templates.render("server.eta", { name })),
      /line break or control character/,
    );
  }
});

Deno.test("a value stands as it is: no letter of it is escaped", () => {
  const templates = compileTemplates({ "server.eta": "<%= it.name %>" });
  assert.equal(templates.render("server.eta", { name: `<&"'%>` }), `<&"'%>`);
});

Deno.test("a line of nothing but a statement leaves no line behind", () => {
  const templates = compileTemplates({ "server.eta": "a\n  <% if (it.on) { %>\nb\n  <% } %>\nc\n" });
  assert.equal(templates.render("server.eta", { on: true }), "a\nb\nc\n");
  assert.equal(templates.render("server.eta", { on: false }), "a\nc\n");
});

Deno.test("a template that fails inside another is named itself, with its own line", () => {
  const templates = compileTemplates({
    "haproxy.cfg.eta": "one\n\n\n<%~ include('@backend.eta', it) -%>\n",
    "backend.eta": "one\n<%= it.nothing.at.all %>\n",
  });
  const message = messageOf(() => templates.render("haproxy.cfg.eta", {}));
  assert.match(message, /template backend\.eta failed: line 2 /);
});

Deno.test("a user's own template that was written for spares gets spares, on an HAProxy that can add backends too", () => {
  const own = { "defaults.eta": "defaults\n    mode http\n" };
  const render = (overlay: Record<string, string>, addBackends = true) => {
    const { model } = buildModel(emptySnapshot, SETTINGS);
    const settings = { ...SETTINGS, haproxyVersion: [3, 4] as const, addBackends };
    return renderDesired(model, compileTemplates(overlay), settings).files.get("haproxy.cfg") ?? "";
  };
  assert.match(render({}), /^defaults _defaults_1 from _base(\n +#.*)*\n {4}no log$/m);
  assert.doesNotMatch(render({}), /_spare_/);
  assert.match(render({}, false), /^backend _spare_1$/m, "nor are backends added where nobody wants it");
  assert.match(render(own), /^backend _spare_1$/m);
  assert.doesNotMatch(render(own), /_defaults_1|_base/);
  assert.equal(render({ "defaults.eta": BUILTIN_TEMPLATES["defaults.eta"] ?? "" }), render({}));
});

Deno.test("a frontend of the user's that knows no flags gets the names of backends, and no route that has flags", () => {
  const plain = container("plain");
  const stripped = container("stripped", {
    labels: { "interlock.context_root": "/app", "interlock.context_root_rewrite": "true" },
  });
  const { model } = buildModel({ ...emptySnapshot, containers: [plain, stripped] }, SETTINGS);
  const hostsMap = (overlay: Record<string, string>) =>
    renderDesired(model, compileTemplates(overlay), SETTINGS).files.get("hosts.map") ?? "";
  const own = "frontend _web\n    use_backend %[req.hdr(host),concat(/),map_beg(hosts.map)]\n";
  const [, ...rows] = hostsMap({ "frontend.eta": own }).trim().split("\n");
  assert.deepEqual(rows, ["plain.example.com/ plain.example.com"]);
  // One that was written before a rule leaves out what the rule is for, and nothing else.
  const older = BUILTIN_TEMPLATES["frontend.eta"]?.replace(/^.*route_strip[.]eta.*\n/m, "") ?? "";
  assert.match(
    hostsMap({ "frontend.eta": older }),
    /^# .*\nplain[.]example[.]com\/ plain[.]example[.]com\|,\|\S+\n$/,
  );
  assert.match(
    hostsMap({}),
    /^stripped[.]example[.]com\/app\/ stripped[.]example[.]com:app\|,strip,\|stripped[.]/m,
  );
});

Deno.test("rules for variants that a user wrote before some of them were there serve no route with variants", () => {
  const plain = container("plain");
  const post = container("post", {
    createdAt: 1,
    interlockData: '{"hostname":"plain.example.com","methods":["POST"],"deny_from":["internal"]}',
  });
  const wild = container("wild", { interlockData: '{"hostname":"*.w.test"}' });
  const { model } = buildModel({ ...emptySnapshot, containers: [plain, post, wild] }, SETTINGS);
  const rows = (overlay: Record<string, string>) =>
    renderDesired(model, compileTemplates(overlay), SETTINGS).files.get("hosts.map") ?? "";
  const without = (name: string, words: RegExp) => ({
    [name]: (BUILTIN_TEMPLATES[name] ?? "").split("\n").filter((line) => !words.test(line)).join("\n"),
  });
  assert.match(rows({}), /^plain[.]example[.]com\//m);
  const older = [
    without("route_variants.eta", /-m str !/),
    without("route_variants.eta", /txn[.]behind/),
    without("route_lookup.eta", /txn[.]wild[)]/),
  ];
  for (const overlay of older) {
    assert.doesNotMatch(rows(overlay), /^plain[.]example[.]com\//m);
    assert.match(rows(overlay), /^[*][.]w[.]test\//m, "all others are served");
  }
});

Deno.test("a template of the user's that looks at all backends is rendered anew in each pass, as is all that changes", () => {
  const own = {
    "unknown_host.eta": `# <%= it.backends.length %> backends\n${BUILTIN_TEMPLATES["unknown_host.eta"]}`,
  };
  const memory = new RenderMemory();
  const render = (names: readonly string[]) => {
    const containers = names.map((name) => container(name));
    const { model } = buildModel({ ...emptySnapshot, containers }, SETTINGS);
    return renderDesired(model, compileTemplates(own), SETTINGS, memory).files.get("haproxy.cfg") ?? "";
  };
  assert.match(render(["one"]), /^# 1 backends$/m);
  assert.match(render(["one", "two"]), /^# 2 backends$/m);
});

Deno.test("a Lua file that does something else changes a line of the config, so that HAProxy is reloaded", () => {
  const { model } = buildModel(emptySnapshot, SETTINGS);
  const filesOf = (overlay: Record<string, string>) =>
    renderDesired(model, compileTemplates(overlay), SETTINGS).files;
  const lineOf = (overlay: Record<string, string>) =>
    /^ +setenv SIGNALBOX_LUA [0-9a-f]{16}$/m.exec(filesOf(overlay).get("haproxy.cfg") ?? "")?.[0];
  const other = { "headers.lua.eta": `${BUILTIN_TEMPLATES["headers.lua.eta"]}-- more\n` };
  assert.ok(lineOf({}));
  assert.notEqual(lineOf(other), lineOf({}));
  assert.equal(lineOf(other), lineOf(other));
  // A user's own that loads no Lua has no file of it beside it.
  const own = { "global.eta": "global\n" };
  assert.equal(lineOf(own), undefined);
  assert.equal(filesOf(own).has("headers.lua"), false);
});
