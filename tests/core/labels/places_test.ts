/** A mistake names the place where it stands: a line of a file, one label of a list, one element. */
import assert from "node:assert/strict";
import { PREFIX } from "../../../lib/core/labels/label_parts.ts";
import { readRouteData, SaidBefore } from "../../../lib/core/labels/read_routes.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { container } from "../containers.ts";

/** What is told of a container's words, or of a file's route. */
const told = (words: Partial<ContainerView>): string[] =>
  readRouteData(container("web", words), [3, 2], new SaidBefore(), PREFIX).complaints.map(({ message }) =>
    message
  );

/** The routes that are not left out. */
const served = (words: Partial<ContainerView>): number =>
  readRouteData(container("web", words), [3, 2], new SaidBefore(), PREFIX).routes
    .filter(({ fault }) => fault === undefined).length;

const GOOD = "me:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";

Deno.test("a bad element of labels is named by its label, and its secret is not shown", () => {
  const labels = { "interlock.basic_auth.1": GOOD, "interlock.basic_auth.2": "you:open-sesame" };
  assert.match(told({ labels }).join(), /^label "interlock\.basic_auth\.2" is …, expected /);
  const named = {
    "interlock.api.hostname": "a.test",
    "interlock.api.deny_from": "::1",
    "interlock.api.deny_from.7": "x",
  };
  assert.match(told({ labels: named }).join(), /^label "interlock\.api\.deny_from\.7" is "x", expected /);
  const alias = { "interlock.alias_domain.1": "a.test", "interlock.alias_domain.3": "!" };
  assert.match(told({ labels: alias }).join(), /^label "interlock\.alias_domain\.3" is "!".*it is left out$/);
});

Deno.test("a bad element of INTERLOCK_DATA is named by its number, the only one by its key", () => {
  const of = (basic_auth: readonly string[]) =>
    told({ interlockData: JSON.stringify({ basic_auth }) }).join();
  assert.match(of([GOOD, "you:open-sesame"]), /^element 2 of "basic_auth" of INTERLOCK_DATA is …, expected /);
  assert.match(of(["you:open-sesame"]), /^"basic_auth" of INTERLOCK_DATA is …, expected /);
});

Deno.test("a mistake in a file's route is at the line of its key or element", () => {
  const lines = new Map(
    Object.entries({
      port: 5,
      warn: 6,
      allow_from: 7,
      "allow_from.0": 8,
      "allow_from.1": 9,
      servers: 20,
      "servers.1": 22,
    }),
  );
  const entry = {
    hostname: "a.test",
    port: 0,
    warn: true,
    allow_from: ["::1", "x"],
    servers: ["10.0.0.5:80", "y"],
  };
  const all = told({ listed: { place: "routes.yaml, line 3", lines, entry } }).join("\n");
  for (
    const place of [
      ...[/key "warn" of routes\.yaml, line 6 /, /"port" of routes\.yaml, line 5 /],
      ...[/"allow_from" of routes\.yaml, line 9 is "x"/, /"servers" of routes\.yaml, line 22 holds "y"/],
    ]
  ) assert.match(all, place);
});

Deno.test("elements on one line of a file are told by their numbers", () => {
  const lines = new Map(Object.entries({ allow_from: 7, "allow_from.0": 7, "allow_from.1": 7 }));
  const entry = { hostname: "a.test", allow_from: ["::1", "x"], servers: ["10.0.0.5:80"] };
  const all = told({ listed: { place: "routes.yaml, line 3", lines, entry } }).join("\n");
  assert.match(all, /^element 2 of "allow_from" of routes\.yaml, line 7 is "x"/);
});

Deno.test("a network whose address goes on behind its length is told for what it means, once for a list", () => {
  const means = (text: string) =>
    told({ labels: { "interlock.hostname": "a.test", "interlock.allow_from": text } });
  assert.deepEqual(means("127.0.0.1/8"), [
    'label "interlock.allow_from" is "127.0.0.1/8", which means 127.0.0.0/8',
  ]);
  assert.match(means("2001:db8::1/32").join(), /which means 2001:db8:/);
  for (
    const text of [
      "127.0.0.0/8",
      "127.0.0.1",
      "127.0.0.1/32",
      "::1",
      "internal",
      "::ffff:10.0.0.0/104",
      "10.0.0.0/9",
    ]
  ) {
    assert.deepEqual(means(text), [], text);
  }
  const labels = {
    "interlock.deny_from.1": "::1",
    "interlock.deny_from.2": "10.0.0.1/8",
    "interlock.deny_from.3": "10.0.0.2/8",
  };
  assert.deepEqual(told({ labels }), [
    'label "interlock.deny_from.2" is "10.0.0.1/8", which means 10.0.0.0/8; 1 other element likewise',
  ]);
  assert.equal(served({ labels }), 1);
});
