import assert from "node:assert/strict";
import { parseAccessLine } from "../../../lib/core/runtime/access_line.ts";

const TIME = "[28/Nov/2026:21:29:03.575]";

Deno.test("a request's line is read field by field", () => {
  const line =
    `10.0.0.7:54212 ${TIME} _web www.example.com:app/www.example.com:app:4b5e57f6eb2f:80 0/1/2/30/33 200 1234 - - ---- ` +
    `1/1/0/0/+1 0/0 {www.example.com|TLSv1.3} "GET /app/x?y=1 HTTP/1.1"`;
  assert.deepEqual(parseAccessLine(line), {
    client: "10.0.0.7",
    host: "www.example.com",
    route: "www.example.com:app",
    container: "4b5e57f6eb2f",
    method: "GET",
    path: "/app/x?y=1",
    status: 200,
    bytes: 1234,
    requestMs: 0,
    queueMs: 1,
    connectMs: 2,
    answerMs: 30,
    totalMs: 33,
    retries: 1,
    end: "----",
    tls: "TLSv1.3",
  });
});

Deno.test("what a request did not come to is absent", () => {
  const unread =
    `::1:54222 ${TIME} _web -/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 {-|-} "<BADREQ>"`;
  assert.deepEqual(parseAccessLine(unread), {
    client: "::1",
    status: 400,
    bytes: 0,
    requestMs: -1,
    queueMs: -1,
    connectMs: -1,
    answerMs: -1,
    totalMs: 0,
    retries: 0,
    end: "PR--",
  });
  const unknown =
    `10.0.0.7:1 ${TIME} _web _unknown_host/<NOSRV> 0/-1/-1/-1/0 404 110 - - PR-- 1/1/0/0/0 0/0 ` +
    `{nobody|-} "GET / HTTP/1.1"`;
  assert.equal(parseAccessLine(unknown)?.route, "_unknown_host");
});

Deno.test("a path that is cut or odd changes no other field, and other lines are none", () => {
  const begin = `10.0.0.7:1 ${TIME} _web a/<NOSRV> 0/-1/-1/-1/0 503 9 - - SC-- 1/1/0/0/0 0/0 {a|-} `;
  assert.equal(parseAccessLine(`${begin}"GET /x{b|TLSv1.3}"y" HTTP/1.1"`)?.path, `/x{b|TLSv1.3}"y`);
  assert.equal(parseAccessLine(`${begin}"GET /cut`)?.path, "/cut");
  assert.equal(parseAccessLine("Proxy _web started."), undefined);
  assert.equal(parseAccessLine(""), undefined);
});
