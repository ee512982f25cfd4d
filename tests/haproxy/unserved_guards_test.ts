/**
 * What was to be closed stays closed where the route that says so is not served as it says: by a mistake, for want of an address or of
 * room, or since a younger container says otherwise.
 */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { Echo, sendRaw, statusOf } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, onStage, programs } from "./stage.ts";

const HOST = { hostname: "x.local" };
/** Nobody of the test is there. */
const OFFICE = { allow_from: ["192.0.2.0/24"] };
const ANYBODY = { allow_from: ["0.0.0.0/0"] };
const MISTAKE = { allow_from: ["192.0.2.0/24x"] };
const SLIP = { allow_frm: ["192.0.2.0/24"] };
const CANARY = { ...HOST, match_headers: ["X-Canary: yes"] };
const ADMIN = { ...HOST, context_root: "/admin" };

type Told = { readonly data: unknown; readonly as?: object };
type Situation = {
  /** The oldest container first. */
  readonly containers: readonly Told[];
  /** The answer to a request for the canary at the path, /admin/x if none is said, by plain HTTP. */
  readonly status: string;
  readonly path?: string;
};

const says = (data: unknown, as: object = {}): Told => ({ data, as });
const PAUSED = { State: { Status: "paused" } };
const RESTARTING = { State: { Status: "restarting" } };

const SITUATIONS: Readonly<Record<string, Situation>> = {
  "nothing is protected": { containers: [says(HOST), says(CANARY)], status: "200" },
  "a younger container of the variant lets everybody in": {
    containers: [says({ ...HOST, ...OFFICE }), says(CANARY), says({ ...CANARY, ...ANYBODY })],
    status: "403",
  },
  "a younger container of the variant refuses others": {
    containers: [
      says({ ...HOST, deny_from: ["127.0.0.0/8"] }),
      says(CANARY),
      says({ ...CANARY, deny_from: ["192.0.2.1"] }),
    ],
    status: "403",
  },
  "a younger container of the variant has other passwords": {
    containers: [
      says({
        ...HOST,
        basic_auth: ["ann:{SHA256}s$0000000000000000000000000000000000000000000000000000000000000000"],
      }),
      says(CANARY),
      says({ ...CANARY, max_body: 1, ...ANYBODY }),
    ],
    status: "401",
  },
  "the variant's oldest container says it for all": {
    containers: [says({ ...HOST, ...OFFICE }), says({ ...CANARY, ...ANYBODY }), says(CANARY)],
    status: "200",
  },
  "a mistake in the guard of a path beside an open root": {
    containers: [says([HOST, { ...ADMIN, ...MISTAKE }])],
    status: "403",
  },
  "a slip in the guard of a path beside an open root": {
    containers: [says([HOST, { ...ADMIN, ...SLIP }])],
    status: "403",
  },
  "a mistake elsewhere beside the guard of a path": {
    containers: [says([HOST, { ...ADMIN, ...OFFICE, port: 9 }])],
    status: "403",
  },
  "a mistake in the guard of a host beside its wildcard": {
    containers: [says([{ hostname: "*.local" }, { ...HOST, ...MISTAKE }])],
    status: "403",
  },
  "a mistake in the guard of a host beside the default host": {
    containers: [says([{ hostname: "d.local", default_host: true }, { ...HOST, ...MISTAKE }])],
    status: "403",
  },
  "a mistake in the guard of a path that is an alias of the root's": {
    containers: [says([{ ...HOST, context_root: ["/", "/admin"] }, { ...ADMIN, ...MISTAKE }])],
    status: "403",
  },
  "a mistake in one of two objects of a route": {
    containers: [says([{ ...HOST, ...MISTAKE }, HOST])],
    status: "403",
  },
  "a mistake in the guard of the route whose variant is served": {
    containers: [says([{ ...HOST, ...MISTAKE }, CANARY])],
    status: "403",
  },
  "the same of two containers": { containers: [says({ ...HOST, ...MISTAKE }), says(CANARY)], status: "403" },
  "the same, the younger one of them": {
    containers: [says(CANARY), says({ ...HOST, ...MISTAKE })],
    status: "403",
  },
  "a mistake in the guard of a variant beside an open route": {
    containers: [says([HOST, { ...CANARY, ...MISTAKE }])],
    status: "403",
  },
  "a mistake in the guard of a path that another container would serve": {
    containers: [says(HOST), says({ ...ADMIN, ...MISTAKE })],
    status: "200",
  },
  "a mistake in the guard of a younger container": {
    containers: [says(HOST), says({ ...HOST, ...MISTAKE })],
    status: "200",
  },
  "a mistake of the root's ssl_only beside a path": {
    containers: [says([{ ...HOST, ssl_only: "ture" }, ADMIN])],
    status: "308",
  },
  "the guard of a container without a port": {
    containers: [says({ ...HOST, ...OFFICE, port: 9 }), says(CANARY)],
    status: "403",
  },
  "the guard of a younger container without a port": {
    containers: [says(HOST), says({ ...HOST, ...OFFICE, port: 9 })],
    status: "403",
  },
  "the guard of a container that is paused": {
    containers: [says({ ...HOST, ...OFFICE }, PAUSED), says(CANARY)],
    status: "403",
  },
  "the guard of a container that restarts": {
    containers: [says({ ...HOST, ...OFFICE }, RESTARTING), says(CANARY)],
    status: "403",
  },
  "a path that cannot be read beside the guard of it": {
    containers: [says([HOST, { ...HOST, context_root: "adm in", ...OFFICE }])],
    status: "404",
  },
  "the same in another container": {
    containers: [says(HOST), says({ ...HOST, context_root: "adm in", ...OFFICE })],
    status: "200",
  },
  "a slip in the path of another container": {
    containers: [says(HOST), says({ ...HOST, contextRoot: "/admin", ...OFFICE })],
    status: "200",
  },
  "conditions of another container that cannot be read": {
    containers: [says(HOST), says({ ...HOST, match_headers: ["bad header yes"], ...OFFICE })],
    status: "200",
  },
  "a closed variant beside an open root": {
    containers: [says([HOST, { ...ADMIN, ...MISTAKE }, { ...CANARY, context_root: "/admin", ...MISTAKE }])],
    path: "/",
    status: "200",
  },
  "an older container without a port that lets everybody in": {
    containers: [says({ ...HOST, ...ANYBODY, port: 9 }), says({ ...HOST, ...OFFICE })],
    status: "403",
  },
  "an older container of the variant, without a port, that lets everybody in": {
    containers: [says({ ...HOST, ...OFFICE }), says({ ...CANARY, ...ANYBODY, port: 9 }), says(CANARY)],
    status: "403",
  },
  "an older container without a port that ends the maintenance": {
    containers: [says({ ...HOST, maintenance: false, port: 9 }), says({ ...HOST, maintenance: true })],
    status: "503",
  },
  "an older container's mistake of ssl_only": {
    containers: [says({ ...HOST, ssl_only: "flase" }), says(HOST)],
    status: "200",
  },
  "a mistake in one of two objects of a route that another container serves too": {
    containers: [says(HOST), says([{ ...HOST, ...MISTAKE }, HOST])],
    status: "200",
  },
  "a path of a guard whose first path another container serves": {
    containers: [
      says([HOST, { ...HOST, context_root: ["/other", "/admin"], ...MISTAKE }]),
      says({ ...HOST, context_root: "/other" }),
    ],
    status: "403",
  },
  "a lost root that is for HTTPS alone, closed, beside a path": {
    containers: [says([{ hostname: "*.local" }, { ...HOST, ssl_only: "ture" }, ADMIN])],
    status: "308",
  },
  "a guarded host beside a path of its container's wildcard": {
    containers: [
      says({ hostname: "*.local" }),
      says([{ hostname: "*.local", context_root: "/admin" }, { ...HOST, ...MISTAKE }]),
    ],
    status: "403",
  },
  "the other paths of that host": {
    containers: [
      says({ hostname: "*.local" }),
      says([{ hostname: "*.local", context_root: "/admin" }, { ...HOST, ...MISTAKE }]),
    ],
    path: "/",
    status: "200",
  },
  "a guarded wildcard beside its container's pattern": {
    containers: [
      says([{ hostname: "p.other", host_regex: ["^[a-z]+[.]local$"] }, { hostname: "*.local", ...MISTAKE }]),
    ],
    status: "403",
  },
  "a guarded host whose TLS another container has, beside a wildcard": {
    containers: [
      says({ ...HOST, ssl_passthrough: true }),
      says([{ hostname: "*.local" }, { ...HOST, ...OFFICE }]),
    ],
    status: "403",
  },
  "a mistake in the guard of a path of another's host where its container's variant is above": {
    containers: [says(HOST), says([CANARY, { ...ADMIN, ...MISTAKE }])],
    status: "403",
  },
  "other requests there": {
    containers: [says(HOST), says([{ ...HOST, match_headers: ["X-Other: yes"] }, { ...ADMIN, ...MISTAKE }])],
    status: "200",
  },
  "a mistake in the guard of a variant with more conditions beside another's root": {
    containers: [says(HOST), says([CANARY, { ...CANARY, methods: ["GET"], ...MISTAKE }])],
    status: "403",
  },
  "an alias whose TLS another container has, beside a wildcard": {
    containers: [
      says({ ...HOST, ssl_passthrough: true }),
      says([{ hostname: "*.local" }, { hostname: "y.local", alias_domains: ["x.local"], ...OFFICE }]),
    ],
    status: "403",
  },
  "a guard without a host beside the host of another container's variant": {
    containers: [says([HOST, OFFICE]), says(CANARY)],
    status: "403",
  },
  "a mistake in the guard of a route that another container serves, beside a variant": {
    containers: [says(HOST), says([{ ...HOST, ...MISTAKE }, CANARY])],
    status: "403",
  },
  "the requests of the other one": {
    containers: [says(HOST), says([{ ...HOST, ...MISTAKE }, { ...HOST, match_headers: ["X-Other: yes"] }])],
    status: "200",
  },
  "a mistake in the guard of a wildcard's path beside a variant of a host below": {
    containers: [says([{ hostname: "*.local", context_root: "/admin", ...MISTAKE }, CANARY])],
    status: "403",
  },
  "the same of the default host": {
    containers: [
      says([{ hostname: "d.lan", default_host: true, context_root: "/admin", ...OFFICE, port: 9 }, CANARY]),
    ],
    status: "403",
  },
  "a redirect of a route that is left out, beside a wildcard": {
    containers: [
      says([{ hostname: "*.local" }, { hostname: "y.local", redirects: ["x.local y.local"], ...MISTAKE }]),
    ],
    status: "403",
  },
  "a mistake in the guard of a host beside a share of another's wildcard": {
    containers: [
      says({ hostname: "*.local" }),
      says([{ hostname: "*.local", share: 99 }, { ...HOST, ...MISTAKE }]),
    ],
    status: "403",
  },
  "a variant of a wildcard that is an alias of the host, beside a variant of a path": {
    containers: [
      says({ ...HOST, alias_domains: ["*.local"], ...OFFICE }),
      says({ ...CANARY, hostname: "*.local", ...ANYBODY }),
      says({ ...HOST, context_root: "/other", methods: ["PUT"] }),
    ],
    status: "403",
  },
  "a variant of the root where a longer path of the same container has variants below it": {
    containers: [
      says({ ...HOST, context_root: ["/", "/admin"], ...OFFICE }),
      says({ ...CANARY, ...ANYBODY }),
      says({ ...HOST, context_root: "/admin/other", methods: ["PUT"] }),
    ],
    status: "403",
  },
  "two mistakes at one place": {
    containers: [
      says([{ hostname: "*.local" }, { hostname: "a.local", alias_domains: ["x.local"], ...MISTAKE }, {
        ...HOST,
        max_body: 5,
        port: 9,
      }, CANARY]),
    ],
    status: "403",
  },
  "an alias of an older container whose servers the mistaken one joins": {
    containers: [
      says({ hostname: "s.local", alias_domains: ["x.local"] }),
      says([{ hostname: "s.local" }, { ...HOST, ...MISTAKE }]),
    ],
    status: "200",
  },
};

for (const program of programs) {
  Deno.test(`${called(program)}: what was to be closed stays closed where its route is not served as it says`, async () => {
    await using echo = new Echo();
    const settings = { "tls-cert": (await certificate()).path, "https-port": String(freePort()) };
    await onStage(program, { settings }, async (stage) => {
      for (const [name, { containers, status, path = "/admin/x" }] of Object.entries(SITUATIONS)) {
        const told = containers.map(({ data, as }, at) => ({
          ...containerOf(`${at + 1}`, echo.port, data, { name: `web${at + 1}` }),
          ...as,
        }));
        await stage.apply(want(stage.routing, JSON.stringify(told), {}));
        const lines = [`GET ${path} HTTP/1.1`, "Host: x.local", "X-Canary: yes", "Connection: close"];
        const answer = await sendRaw(stage.httpPort, `${lines.join("\r\n")}\r\n\r\n`);
        assert.equal(statusOf(answer), status, name);
      }
    });
  });
}
