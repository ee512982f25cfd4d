/** Worlds of hosts, patterns, paths, variants and guards that get in each other's way, the same for the same seed. */
import { keysOf } from "../../lib/core/keys/options.ts";
import { type KeyName, keyNamed } from "../../lib/core/keys/route_keys.ts";
import { KEY_ROWS } from "../core/key_rows.ts";
import { seeded } from "../harness/seeded.ts";
import { snapshotOf } from "./containers_of_routes.ts";

const PLACES: readonly Readonly<Record<string, unknown>>[] = [
  { hostname: "a.test" },
  { hostname: "a.test" },
  { hosts: ["x.a.test", "b.test"] },
  { hostname: "deep.x.a.test" },
  { hosts: ["*.a.test"] },
  { hosts: ["*.x.a.test", "c.test"] },
  { hosts: ["*.test"] },
  { hostname: "p.test", host_regex: ["(.+)[.]a[.]test", "pr-[0-9]+[.]test"] },
  { hostname: "q.test", host_regex: ["(a|b|some)[.]x?.*test"] },
  { hostname: "r.test", default_host: true },
];
const PATHS: readonly unknown[] = [undefined, undefined, "/api", "/api/v1", ["/s", "/api/v1/deep"], "/a.b"];
const VARIANTS: readonly Readonly<Record<string, unknown>>[] = [
  { methods: ["POST"] },
  { methods: ["GET", "PUT"] },
  { match_headers: ["X-Canary: yes"] },
  { match_headers: ["X-Canary"], match_cookies: ["beta=1"] },
  { match_query: ["v=1 2", "v=2"] },
  { match_cookies: ["beta"] },
  { share: 30 },
  { share: 100 },
  { share: 20, sticky_session_cookie: "side" },
];
/** What needs files of authorities, or another service. */
const LEFT_OUT: readonly KeyName[] = [
  "client_ca",
  "ssl_cert",
  "forward_auth",
  "forward_auth_headers",
  "error_pages",
];
const KEYS = keysOf("route").filter((key) => !LEFT_OUT.includes(key));
const REDIRECTS = ["old.test https://new.test 301", "~/api/(.*) /v2/\\1 302", "x.a.test/old a.test"];

/** A snapshot of up to a dozen containers. */
export function worldOf(seed: number): string {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const container = (): Record<string, unknown> => {
    const path = pick(PATHS);
    const said: Record<string, unknown> = {
      ...pick(PLACES),
      ...path !== undefined && { context_root: path },
    };
    if (random() < 0.4) Object.assign(said, pick(VARIANTS));
    for (let keys = Math.floor(random() * 3); keys > 0; keys--) {
      const key = pick(KEYS);
      const { sample, right } = KEY_ROWS[key];
      const needed = keyNamed(key).needs?.key as KeyName | undefined;
      if (needed !== undefined) {
        said[needed] ??= needed === "context_root" ? "/api" : KEY_ROWS[needed].sample[0];
      }
      said[key] = pick([sample[0], ...right]);
    }
    if (random() < 0.15) said["redirects"] = [pick(REDIRECTS)];
    return said;
  };
  const count = 3 + Math.floor(random() * 10);
  return snapshotOf(
    8_080,
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, container()])),
  );
}
