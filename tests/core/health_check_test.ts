import assert from "node:assert/strict";
import { parseHealthCheck } from "../../lib/core/health_check.ts";

function written(text: string): string | undefined {
  const result = parseHealthCheck(text);
  return result.ok ? [`option ${result.value.option}`, ...result.value.lines].join(" | ") : undefined;
}

Deno.test("a check is written as it was given", () => {
  const plain = [
    "httpchk",
    "httpchk GET /",
    "httpchk HEAD /a?b=c&d=%20 HTTP/1.1",
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
