import assert from "node:assert/strict";
import { partsBehindNearPrefix } from "../../../lib/core/labels/near_prefix.ts";
import { parsePrefix } from "../../../lib/core/labels/label_parts.ts";
import { isOurs } from "../../../lib/core/labels/said_labels.ts";

function likeliest(label: string) {
  const [first] = partsBehindNearPrefix(label);
  return first && [first.route, first.key];
}

Deno.test("each route that a label may be meant for is named", () => {
  assert.deepEqual(partsBehindNearPrefix("interlocks.ssl_only").map(({ route }) => route), ["", "s", "ks"]);
});

Deno.test("a prefix with one or two slips, and a key behind it that narrows, is ours", () => {
  const labels = [
    ...["interlok.ssl_only", "interlocks.ssl_only", "intrelock.ssl_only", "interlock-ssl_only"],
    ...["interlock_ssl_only", "interlock/ssl_only", "interlock:ssl_only", "interlockssl_only"],
    ...["nterlock.ssl_only", "Interlok.ssl_only", "inter-lock.ssl_only", " interlock.ssl_only"],
  ];
  for (const label of labels) {
    assert.deepEqual(likeliest(label), ["", "ssl_only"], label);
    assert.ok(isOurs(label));
  }
  assert.deepEqual(likeliest("interlok.api.ssl_only"), ["api", "ssl_only"]);
});

Deno.test("another prefix has slips of its own, a short one fewer, and takes no label of the usual one for a slip", () => {
  const partsOf = (label: string, name: string) => {
    const prefix = parsePrefix(name);
    assert.ok(prefix.ok, name);
    return partsBehindNearPrefix(label, prefix.value).map(({ route, key }) => [route, key]);
  };
  assert.deepEqual(partsOf("org.exmaple.edge.ssl_only", "org.example.edge"), [["", "ssl_only"]]);
  assert.deepEqual(partsOf("edgy.ssl_only", "edge")[0], ["", "ssl_only"]);
  assert.deepEqual(partsOf("edg.ssl_only", "edb")[0], ["", "ssl_only"]);
  assert.deepEqual(partsOf("traefik.ssl_only", "edge"), []);
  assert.deepEqual(partsOf("interlock.ssl_only", "interlock2"), []);
  assert.deepEqual(partsOf("interlok2.ssl_only", "interlock2")[0], ["", "ssl_only"]);
  assert.deepEqual(partsOf("aaaaaaaa.ssl_only", "aaaaaaab")[0], ["", "ssl_only"]);
  for (const name of ["", "sb", "Edge", "a b", "a..b", ".a", "a.", "com.docker.lb", "com", "x".repeat(64)]) {
    assert.ok(!parsePrefix(name).ok, name);
  }
});

Deno.test("labels of others are not ours, however near they are", () => {
  const labels = [
    ...[
      "interlock",
      "interlocking",
      "interlok.secret",
      "interlok",
      "interlocked.port",
      "com.docker.compose.port",
    ],
    ...[
      "org.interlock.port",
      "org.interlocker.ssl_only",
      "traefik.enable",
      "interior.port",
      "clock.port",
      "port",
      "enable",
    ],
    ...["x".repeat(100_000), "interlok.".repeat(10_000), ""],
  ];
  for (const label of labels) assert.ok(!isOurs(label), label.slice(0, 40));
  // Ours by its own prefix.
  assert.deepEqual(partsBehindNearPrefix("interlock.ssl_only"), []);
});

/** A text with one letter more, less or other, in each of its places. */
function changed(text: string): string[] {
  const places = Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]);
  return places.flatMap(([before = "", after = ""]) => [
    `${before}x${after}`,
    `${before}${after.slice(1)}`,
    `${before}X${after.slice(1)}`,
  ]);
}

Deno.test("no two changes of the prefix hide it", () => {
  const prefixes = changed("interlock.").flatMap(changed);
  for (const prefix of prefixes) assert.ok(isOurs(`${prefix}ssl_only`), prefix);
});
