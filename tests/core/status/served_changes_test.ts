/** What a change means for clients: which container came to which host, went, or waits; in few words. */
import assert from "node:assert/strict";
import type { Model } from "../../../lib/core/model/model.ts";
import { ModelMemory } from "../../../lib/core/model/model_memory.ts";
import type { Operation } from "../../../lib/core/runtime/operation.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { putIntoWords } from "../../../lib/core/status/put_into_words.ts";
import {
  changesOfServers,
  servedChanges,
  servedFields,
  servedWords,
} from "../../../lib/core/status/served_changes.ts";
import type { ServerName } from "../../../lib/core/values/names.ts";
import { loopStateOf } from "../../report/loop_states.ts";
import { container, network, SETTINGS } from "../containers.ts";

const at = (name: string, host: string, last = 2, given: Partial<ContainerView> = {}) =>
  container(name, { hostname: host, networks: [network("bridge", `172.17.0.${last}`)], ...given });

function modelsOf(...lists: readonly (readonly ContainerView[])[]): readonly Model[] {
  const memory = new ModelMemory(SETTINGS);
  return lists.map((list) => loopStateOf(list, {}, memory).built?.model ?? assert.fail());
}
const serversOf = (model: Model) => model.backends.flatMap(({ servers }) => servers);
const serverOf = (model: Model, container: string) =>
  serversOf(model).find(({ containerName }) => containerName === container)?.name ?? assert.fail();
const set = (server: ServerName, state: "ready" | "maint"): Operation => ({
  kind: "set-state",
  section: "any",
  server,
  state,
});
const add = (server: ServerName): Operation => ({ kind: "add-server", section: "any", server, line: "" });

function wordsBetween(before: readonly ContainerView[], after: readonly ContainerView[]): string {
  const [was, is] = modelsOf(before, after);
  return servedWords(servedChanges(was, is ?? assert.fail()));
}

const one = at("shop-1", "shop.local");
const two = at("shop-2", "shop.local", 3);
const blog = at("blog-1", "blog.local", 4);

Deno.test("containers that come and go are told with their hosts", () => {
  assert.equal(wordsBetween([one], [one, two]), "added shop.local → shop-2");
  assert.equal(wordsBetween([one, two], [two]), "removed shop.local → shop-1");
  assert.equal(wordsBetween([one], [blog]), "added blog.local → blog-1; removed shop.local → shop-1");
  assert.equal(wordsBetween([], [one, blog]), "added blog.local → blog-1, shop.local → shop-1");
  assert.equal(wordsBetween([one, two], [one, two]), "");
});

Deno.test("a container at another address is told once, and one with another host twice", () => {
  assert.equal(wordsBetween([one], [at("shop-1", "shop.local", 9)]), "replaced shop.local → shop-1");
  assert.equal(
    wordsBetween([one], [at("shop-1", "new.local")]),
    "added new.local → shop-1; removed shop.local → shop-1",
  );
});

Deno.test("further names and redirects are told by themselves", () => {
  const named = at("shop-1", "shop.local", 2, {
    interlockData: JSON.stringify({
      alias_domains: ["www.shop.local"],
      redirects: ["old.local shop.local 301"],
    }),
  });
  assert.equal(wordsBetween([one], [named]), "added old.local, www.shop.local → shop-1");
  assert.equal(wordsBetween([named], [one]), "removed old.local, www.shop.local → shop-1");
  assert.equal(
    wordsBetween([], [named]),
    "added shop.local → shop-1, old.local, www.shop.local → shop-1",
  );
});

Deno.test("commands tell who is ready, who waits for its first answer, and who is held back", () => {
  const [was = assert.fail(), is = assert.fail()] = modelsOf([one], [one, two]);
  const [first, second] = [serverOf(is, "shop-1"), serverOf(is, "shop-2")];
  const words = (before: Model, ...operations: readonly Operation[]) =>
    servedWords(servedChanges(before, is, operations));
  assert.equal(words(was, add(second)), "prepared shop.local → shop-2");
  assert.equal(words(was, add(second), set(second, "ready")), "added shop.local → shop-2");
  assert.equal(words(is, set(second, "ready")), "ready shop.local → shop-2");
  assert.equal(words(is, set(first, "maint")), "held back shop.local → shop-1");
  // Of what was before nothing is known: it is not told as new.
  assert.equal(
    servedWords(servedChanges(undefined, is, [set(second, "ready")])),
    "ready shop.local → shop-2",
  );
  assert.equal(
    servedWords(changesOfServers("held", [first, "unknown"], is), { held: "drained" }),
    "drained shop.local → shop-1",
  );
});

Deno.test("of many changes the first are told, and how many there are", () => {
  const many = Array.from(
    { length: 300 },
    (_, each) => at(`c${String(each).padStart(3, "0")}`, "shop.local", each % 250),
  );
  const [was, is = assert.fail()] = modelsOf([one], [one, ...many]);
  const changes = servedChanges(was, is);
  assert.match(servedWords(changes), /^added (shop\.local → c\d+, ){7}shop\.local → c\d+ and 292 more$/);
  const { changes: listed, more } = servedFields(changes);
  assert.deepEqual([listed?.length, more], [8, 292]);
  const [, none = assert.fail()] = modelsOf([one], [blog]);
  const mixed = servedWords(servedChanges(is, none));
  assert.equal(mixed.split("; ").length, 2);
  assert.match(mixed, /^added blog\.local → blog-1; removed .* and 294 more$/);
});

Deno.test("a line of the log says it in words, and for scripts in fields", () => {
  const [was = assert.fail(), is = assert.fail()] = modelsOf([one], [one, two]);
  const second = serverOf(is, "shop-2");
  const operations = [add(second), set(second, "ready")];
  const told = putIntoWords({
    kind: "changed",
    operations,
    served: servedChanges(was, is, operations),
    sinceEventMs: 3.5,
  });
  assert.equal(told.text, "added shop.local → shop-2");
  assert.deepEqual(told.fields, {
    operations: "add-server 1, set-state 1",
    of: [second],
    changes: [{ what: "added", route: "shop.local", container: "shop-2" }],
    sinceEventMs: 3.5,
  });
  const reloaded = putIntoWords({ kind: "reloaded", reasons: [], served: servedChanges(was, is) });
  assert.equal(reloaded.text, "reloaded HAProxy: added shop.local → shop-2");
  const rule = {
    kind: "set-row",
    table: "routes.map",
    key: "shop.local:",
    value: "x",
  } as unknown as Operation;
  const other = putIntoWords({ kind: "changed", operations: [rule], served: servedChanges(is, is, [rule]) });
  assert.equal(other.text, "changed HAProxy at run time: shop.local:");
});
