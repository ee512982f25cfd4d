/** Hosts of variants that are too many to be tried against all patterns. */
import assert from "node:assert/strict";
import { build, rowOf, toldOf, V } from "./built.ts";

/** Patterns that match nothing, and more hosts than one container may have them read. */
const patterns = Object.fromEntries(Array.from({ length: 31 }, (_, at) => [`p${at}`, {
  hostname: `p${at}.com`,
  host_regex: Array.from({ length: 8 }, (_, other) => `no${at}x${other}[a-z]*`),
}]));
const hosts = Array.from({ length: 40 }, (_, at) => `${at}.${"n".repeat(20)}.v.test`);

Deno.test("what one container names too much is tried none the less where another one names it, the older or the younger", () => {
  const guard = { hostname: "z.test", host_regex: ["(.+)[.]a[.]test"], allow_from: ["10.0.0.0/8"] };
  const open = { hostname: "d.test", default_host: true };
  const app = { ...V, context_root: "/app", methods: ["PUT"] };
  const shop = { ...V, methods: ["PUT"] };
  for (const own of [app, shop]) {
    // Shorter ones come before.
    const short = Array.from({ length: 80 }, (_, at) => `${at}.v.test`);
    const many = { hosts: [...short, V.hostname], methods: ["POST"] };
    for (const all of [{ many, own }, { own, many }]) {
      const { model } = build({ ...patterns, guard, open, ...all });
      const pattern = model.backends.find(({ host }) => host === "z.test");
      const rows = [...model.variants.rows.keys()].filter((key) => key.includes(`|${V.hostname}/`));
      assert.ok(
        rows.includes(`${pattern?.name}|${V.hostname}${own === app ? "/app" : ""}/` as never),
        rows.join(),
      );
      const place = model.routes.find(({ by, variant }) => by === "own" && variant !== undefined);
      const served = model.backends.find(({ name }) => name === place?.backend);
      assert.equal(served?.options.allow_from?.length, 1);
    }
  }
});

Deno.test("a host that is not tried against all patterns is none of what serves every host", () => {
  const open = { hostname: "d.test", default_host: true };
  const built = build({ ...patterns, open, v: { hosts, methods: ["POST"], deny_from: ["10.0.0.0/8"] } });
  const closed = built.model.routes.filter(({ isOnly, by }) => isOnly === true && by === "v");
  assert.ok(closed.length > 20, `${closed.length}`);
  for (const { key } of closed) assert.deepEqual(rowOf(key, built), ["!"]);
  assert.match(toldOf("v", built), /they answer 403$/);
});

Deno.test("hosts of variants alone that are too many for the patterns are left out, and closed where they are protected", () => {
  for (const guard of [{}, { deny_from: ["10.0.0.0/8"] }]) {
    const isClosed = "deny_from" in guard;
    const built = build({ ...patterns, v: { hosts, methods: ["POST"], ...guard }, w: V });
    const only = built.model.routes.filter(({ isOnly, by }) => isOnly === true && by === "v");
    const served = only.filter(({ key }) => key.startsWith("?only/"));
    assert.ok(served.length > 5 && served.length < 15, `${served.length}`);
    assert.equal(only.length, isClosed ? hosts.length : served.length);
    for (const { key } of only) {
      const row = rowOf(key.replace("?only/", ""), built);
      assert.deepEqual(row, [key.startsWith("?only/") ? "v" : "!"]);
    }
    assert.match(toldOf("v", built), isClosed ? /they answer 403$/ : /all patterns of hosts$/);
    assert.deepEqual(rowOf(`${V.hostname}/`, built), ["w"], "another container's have their own");
  }
});
