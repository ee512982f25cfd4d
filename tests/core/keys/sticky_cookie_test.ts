import assert from "node:assert/strict";
import { cookieAt, parseStickyCookie } from "../../../lib/core/keys/sticky_cookie.ts";
import type { PathPrefix } from "../../../lib/core/values/names.ts";

Deno.test("each path of a host has a cookie of its own, whatever its letters are", () => {
  const paths = [
    "",
    "/app",
    "/app/v1",
    "/app.v1",
    "/app_v1",
    "/app-v1",
    "/app_2ev1",
    "/App",
    "/app%2Fv1",
    "/a/p/p",
    "/~a@b+c=d:e",
  ];
  const names = paths.map((path) => cookieAt("SERVER", path as PathPrefix));
  assert.equal(new Set(names).size, paths.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9._-]+$/);
  assert.equal(names[0], "SERVER");
});

Deno.test("a cookie that containers set themselves is refused in any case of its letters", () => {
  for (const name of ["PHPSESSID", "phpsessid", "JSessionId", "sessionid", "XSRF-TOKEN"]) {
    assert.equal(parseStickyCookie(name).ok, false, name);
  }
  for (const name of ["SERVER", "my_app-1", "sessions"]) assert.equal(parseStickyCookie(name).ok, true, name);
});
