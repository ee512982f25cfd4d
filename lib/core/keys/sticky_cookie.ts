import type { PathPrefix } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";

/** Names under which frameworks keep sessions and the like. HAProxy takes a container's own cookie of the name away. */
const NAMES_OF_APPS: ReadonlySet<string> = new Set(
  ["access_token", "auth", "authorization", "connect_sid", "csrf", "csrf_token", "csrftoken", "jsessionid"]
    .concat(["laravel_session", "lang", "locale", "phpsessid", "refresh_token", "remember_me", "rememberme"])
    .concat([
      "sess",
      "session",
      "session_id",
      "sessionid",
      "sid",
      "token",
      "user",
      "xsrf-token",
      "xsrf_token",
    ])
    .concat(["_csrf", "_session_id", "aspsessionid", "cfid", "cftoken", "ci_session", "_xsrf"]),
);

/**
 * Reads the name of a cookie that HAProxy sets (RFC 6265, section 4.1.1): of its alphabet, letters, digits, `-` and `_`. It is
 * not one that containers set themselves.
 */
export function parseStickyCookie(text: string): Parsed<string> {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(text)) {
    return expected("a name of letters, digits, - and _, such as SERVER");
  }
  return NAMES_OF_APPS.has(text.toLowerCase())
    ? expected("a name that no container uses for a cookie of its own, such as SERVER")
    : parsed(text);
}

/**
 * The name for a path of a host. A browser sends a cookie to all paths of a host: under one name, two paths would each take
 * the other's server away. No two paths have the same name; `/app/v1` adds `.app.v1`.
 */
export function cookieAt(name: string, path: PathPrefix): string {
  const own = path.replace(
    /[^A-Za-z0-9/-]/g,
    (letter) => `_${letter.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return name + own.replaceAll("/", ".");
}
