import assert from "node:assert/strict";
import {
  BACKEND_OPTIONS,
  type HaproxyVersion,
  parseBackendOption,
} from "../../../lib/core/keys/backend_option.ts";

function read(text: string, version: HaproxyVersion = [2, 6]) {
  const result = parseBackendOption(text, version);
  return result.ok ? result.value : undefined;
}

Deno.test("an option of today is written as it was given", () => {
  for (const text of ["http-no-delay", "redispatch 3", "redispatch", "http-server-close"]) {
    const option = read(text);
    assert.deepEqual([option?.written, option?.translation], [text, undefined]);
  }
});

Deno.test("forceclose is httpclose for every HAProxy that is supported", () => {
  for (const version of [[2, 4], [2, 6], [3, 2]] as const) {
    assert.equal(read("forceclose", version)?.written, "httpclose");
    assert.match(read("forceclose", version)?.translation ?? "", /^written as httpclose: /);
  }
});

Deno.test("http-tunnel is left out, and the user hears why", () => {
  assert.equal(read("http-tunnel")?.written, undefined);
  assert.match(read("http-tunnel")?.translation ?? "", /^left out: /);
});

Deno.test("an option goes by the name that the HAProxy found has for it", () => {
  assert.equal(read("accept-invalid-http-response", [3, 0])?.written, "accept-invalid-http-response");
  assert.equal(
    read("accept-invalid-http-response", [3, 2])?.written,
    "accept-unsafe-violations-in-http-response",
  );
  assert.equal(
    read("accept-invalid-http-response", [4, 0])?.written,
    "accept-unsafe-violations-in-http-response",
  );
  assert.equal(read("http-restrict-req-hdr-names reject", [2, 4])?.written, undefined);
  assert.equal(
    read("http-restrict-req-hdr-names reject", [2, 6])?.written,
    "http-restrict-req-hdr-names reject",
  );
});

Deno.test("forwardfor and originalto take a network, a header and if-none, each checked", () => {
  const good = [
    "forwardfor except 10.0.0.1 header X-A if-none",
    "forwardfor header X-A",
    "originalto except 10.0.0.1 header X-B",
  ];
  for (const text of good) assert.equal(read(text)?.written, text);
  const needless = [
    "forwardfor",
    "forwardfor except 10.0.0.0/8",
    "forwardfor if-none",
    "forwardfor except 2001:db8::/32 if-none",
    "forwardfor header x-forwarded-for",
  ];
  for (const text of needless) {
    assert.equal(read(text)?.written, undefined, text);
    assert.equal(read(text)?.translation, "left out: every container gets X-Forwarded-For");
  }
  const wrong = [
    "except 999.1.1.1",
    "except abc",
    "except 10.0.0.0/33",
    "except ::1/129",
    "except 10.0.0.0/8/8",
  ];
  wrong.push(
    "except",
    "header",
    "header a:b",
    "if-none if-none",
    "header X if-none x",
    "except 10.0.0.0/",
    "except [::1]",
  );
  for (const text of wrong) assert.equal(read(`forwardfor ${text}`), undefined, text);
  assert.equal(read("originalto if-none"), undefined);
});

Deno.test("no option takes arguments that it does not have", () => {
  for (const [name, rule] of Object.entries(BACKEND_OPTIONS)) {
    if (rule.arguments === undefined) assert.equal(read(`${name} x`), undefined, name);
    assert.equal(read(`${name}\nserver evil 10.0.0.1:80`), undefined, name);
    assert.equal(read(`${name} #`), undefined, name);
  }
});

Deno.test("what reaches beyond the backend, or is none, is refused", () => {
  for (
    const text of [
      "transparent",
      "http_proxy",
      "external-check",
      "httplog",
      "",
      " ",
      "constructor",
      "__proto__",
    ]
  ) {
    assert.equal(read(text), undefined, text);
  }
});

Deno.test("a check among the options is sent to its own key", () => {
  const result = parseBackendOption("httpchk GET /", [2, 6]);
  assert.match(result.ok ? "" : result.expected, /"check"/);
});

Deno.test("a misspelt option is answered with the nearest one", () => {
  const result = parseBackendOption("http-nodelay", [2, 6]);
  assert.match(result.ok ? "" : result.expected, /"http-no-delay"/);
});
