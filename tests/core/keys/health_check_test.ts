import assert from "node:assert/strict";
import { checkRequest, parseHealthCheck, withHost } from "../../../lib/core/keys/health_check.ts";
import type { HostName, ServerName } from "../../../lib/core/values/names.ts";

function written(text: string): string | undefined {
  const result = parseHealthCheck(text);
  return result.ok ? [`option ${result.value.option}`, ...result.value.lines].join(" | ") : undefined;
}

Deno.test("a check is written as it was given", () => {
  const plain = [
    "httpchk",
    "httpchk GET /",
    "httpchk HEAD /a?b=c&d=%20 HTTP/1.0",
    "tcp-check",
    "ssl-hello-chk",
  ];
  const others = ["smtpchk", "smtpchk EHLO mail.example.com", "redis-check", "ldap-check", "mysql-check"];
  for (const text of [...plain, ...others, "mysql-check user haproxy", "pgsql-check user haproxy"]) {
    assert.equal(written(text), `option ${text}`);
  }
});

Deno.test("a path alone is asked for with OPTIONS, as HAProxy does it", () => {
  assert.equal(written("httpchk /health"), "option httpchk OPTIONS /health");
});

Deno.test("headers that followed the version become a line of their own", () => {
  const expected = "option httpchk GET / HTTP/1.1 | send hdr Host www.example.com hdr X-Check 1";
  assert.equal(written("httpchk GET / HTTP/1.1\\r\\nHost:\\ www.example.com\\r\\nX-Check:\\ 1"), expected);
  assert.equal(written("httpchk GET / HTTP/1.1\r\nHost: www.example.com\r\nX-Check: 1"), expected);
});

Deno.test("spaces around and between words do not matter", () => {
  assert.equal(written("  httpchk   GET  / "), "option httpchk GET /");
});

Deno.test("what runs programs, reaches elsewhere or ends a line is no check", () => {
  const wrong = [
    "",
    "external-check",
    "ping",
    "httpchk DELETE /",
    "httpchk GET http://10.0.0.1/",
    "httpchk GET / HTTP/2",
  ];
  wrong.push(
    "httpchk GET / HTTP/1.1 extra",
    "tcp-check connect port 22",
    "smtpchk HELO",
    "mysql-check user a b",
  );
  wrong.push(
    "httpchk GET /\nserver x 10.0.0.1:80",
    "httpchk GET /#x",
    'httpchk GET /"',
    "httpchk GET /${PATH}",
  );
  wrong.push(
    "httpchk GET /\\",
    "httpchk GET /'",
    "httpchk GET /\u0000",
    "option httpchk GET /",
    "constructor",
  );
  wrong.push("httpchk GET / HTTP/1.0\\r\\nHost:\\ %[src]", "redis-check\\r\\nX: 1", "httpchk GET /[a]");
  for (const text of wrong) assert.equal(written(text), undefined, JSON.stringify(text));
});

const host = "app.local" as HostName;

function requestOf(text: string, of = host): string {
  const check = parseHealthCheck(text);
  return check.ok ? checkRequest(check.value, of) ?? "no request" : check.expected;
}

Deno.test("a check by HTTP/1.1 that names no host sends the route's, and one that names one sends that", () => {
  assert.equal(
    written("httpchk GET /health HTTP/1.1"),
    "option httpchk GET /health HTTP/1.1 | send hdr Host %[srv_name,field(1,:),regsub(^_.,)]",
  );
  const end = "Connection: close\r\n\r\n";
  assert.equal(
    requestOf("httpchk GET /health HTTP/1.1"),
    `GET /health HTTP/1.1\r\nHost: app.local\r\n${end}`,
  );
  assert.equal(
    requestOf("httpchk GET / HTTP/1.1\\r\\nX-Check:\\ 1", "*.app.local" as HostName),
    `GET / HTTP/1.1\r\nHost: app.local\r\nX-Check: 1\r\n${end}`,
  );
  assert.equal(
    requestOf("httpchk GET / HTTP/1.1\\r\\nhost:\\ other.local"),
    `GET / HTTP/1.1\r\nhost: other.local\r\n${end}`,
  );
});

Deno.test("a check by HTTP/1.0 goes on as it was written: what answered it without a Host may not with one", () => {
  assert.equal(requestOf("httpchk GET /health"), "GET /health HTTP/1.0\r\nConnection: close\r\n\r\n");
});

Deno.test("where a server's name does not begin with its host, the check names the host itself", () => {
  const check = parseHealthCheck("httpchk GET / HTTP/1.1");
  assert.ok(check.ok);
  const servers = ["app.local:aaaa:80", "app.local:api:bbbb:80"] as ServerName[];
  assert.equal(withHost(check.value, host, servers), check.value);
  assert.deepEqual(withHost(check.value, host, [...servers, "shortened:80" as ServerName]).lines, [
    "send hdr Host app.local",
  ]);
  assert.equal(
    withHost(check.value, "*.w.local" as HostName, ["_.w.local:aaaa:80" as ServerName]),
    check.value,
  );
});
