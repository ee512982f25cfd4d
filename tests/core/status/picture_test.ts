/** The live picture: what is in it, what of it changes, and what a reader makes of the changes. */
import assert from "node:assert/strict";
import { ModelMemory } from "../../../lib/core/model/model_memory.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { emptyLiveState, hear } from "../../../lib/core/status/live_state.ts";
import { changeOf, type PictureLists } from "../../../lib/core/status/picture.ts";
import { PictureMemory } from "../../../lib/core/status/picture_memory.ts";
import { serverReader } from "../../../lib/core/status/server_status.ts";
import type { ServerName } from "../../../lib/core/values/names.ts";
import { loopStateOf } from "../../report/loop_states.ts";
import { container, network, SETTINGS, tcp } from "../containers.ts";

/** Draws pictures of one container after the other, as a loop does. */
class Drawing {
  readonly #memory = new ModelMemory(SETTINGS);
  readonly #pictures = new PictureMemory(undefined);
  draw(containers: readonly ContainerView[], waiting: ReadonlyMap<ServerName, string> = new Map()) {
    const state = loopStateOf(containers, { waiting }, this.#memory);
    return this.#pictures.draw(state.built, serverReader(state, true, new Map()));
  }
}

const at = (name: string, last: number, given: Partial<ContainerView> = {}) =>
  container(name, { networks: [network("bridge", `172.17.0.${last}`)], ...given });
const data = (value: unknown) => ({ interlockData: JSON.stringify(value) });

Deno.test("a picture has routes, who serves them and how, and containers with their images and labels", () => {
  const one = at("one", 2, {
    image: "nginx:1.27",
    labels: { "interlock.alias_domain": "www.example.com" },
    ...data({ redirects: ["old.example.com one.example.com 301"], allow_from: ["10.0.0.0/8"] }),
  });
  const { routes, backends, containers, leftOut, notices } = new Drawing().draw([one]);
  assert.deepEqual(routes.map(({ name, backend, to }) => [name, backend, to]), [
    ["old.example.com", "one.example.com", "one.example.com (301)"],
    ["one.example.com", "one.example.com", undefined],
    ["www.example.com", "one.example.com", undefined],
  ]);
  const [backend] = backends;
  assert.equal(backends.length, 1);
  assert.deepEqual(backend?.guards, ["allow_from"]);
  assert.equal(backend?.balance, "roundrobin");
  assert.deepEqual(backend?.servers.map(({ container, address, state }) => [container, address, state]), [
    ["one", "172.17.0.2:80", "ready"],
  ]);
  assert.deepEqual(containers.map(({ name, image, labels }) => [name, image, labels[0]]), [
    ["one", "nginx:1.27", "interlock.alias_domain=www.example.com"],
  ]);
  assert.deepEqual([leftOut, notices], [[], []]);
});

Deno.test("no hash of a password is in a picture, whether it came by a label or by data", () => {
  const hash = "{SHA256}salt$" + "a".repeat(64);
  const text = JSON.stringify(new Drawing().draw([
    at("label", 2, {
      labels: { "interlock.basic_auth": `ann:${hash}`, "interlock.basic_auht": `bob:${hash}` },
    }),
    at("data", 3, data({ basic_auth: [`ann:${hash}`] })),
    at("broken", 4, { interlockData: `{"basic_auth": ["ann:${hash}"` }),
  ]));
  assert.doesNotMatch(text, /aaaaaaaa/);
  assert.match(text, /ann:…/);
});

Deno.test("of a change among many, only what changed is told, and a reader has what the next picture has", () => {
  const drawing = new Drawing();
  const many = Array.from(
    { length: 50 },
    (_, index) => at(`web-${index}-`, index + 2, { hostname: `web${index}.example.com` }),
  );
  const before = drawing.draw(many);
  const state = emptyLiveState();
  hear(state, "picture", before);
  assert.equal(changeOf(before, drawing.draw(many)), undefined);
  // A file of containers that is read again has new objects for all of them.
  assert.equal(changeOf(before, drawing.draw(structuredClone(many))), undefined);

  const [first, ...rest] = many;
  assert.ok(first);
  const other = { ...first, image: "other", networks: [network("bridge", "172.17.0.99")] };
  const after = drawing.draw([other, ...rest.slice(1), at("new", 100)]);
  const change = changeOf(before, after);
  assert.deepEqual(change?.routes?.drop, ["web1.example.com/"]);
  assert.deepEqual(change?.routes?.put.map(({ host }) => host), ["new.example.com"]);
  assert.deepEqual(change?.backends?.put.map(({ name }) => name).sort(), [
    "new.example.com",
    "web0.example.com",
  ]);
  assert.deepEqual(change?.containers?.put.map(({ name }) => name).sort(), ["new", "web-0-"]);
  hear(state, "change", change ?? {});
  assert.deepEqual(sorted(state), sorted(readerOf(after)));
});

Deno.test("a server that waits is told with its reason, and that it is ready alone when it is", () => {
  const drawing = new Drawing();
  const one = at("one", 2);
  const name = drawing.draw([one]).backends[0]?.servers[0]?.name as ServerName;
  const waiting = drawing.draw([one], new Map([[name, "one:80 refuses connections"]]));
  assert.deepEqual(waiting.backends[0]?.servers[0], {
    ...drawing.draw([one]).backends[0]?.servers[0],
    state: "waiting",
    why: "one:80 refuses connections",
  });
  const change = changeOf(waiting, drawing.draw([one]));
  assert.deepEqual(Object.keys(change ?? {}), ["backends"]);
  assert.equal(change?.backends?.put[0]?.servers[0]?.state, "ready");
});

Deno.test("what is left out is told with why, and with the line that would change it", () => {
  const { leftOut } = new Drawing().draw([
    at("nameless", 2, { hostname: "nameless0000" }),
    at("slip", 3, { hostname: "slip00000000", labels: { "interlock.hostnam": "slip.example.com" } }),
    at("undotted", 4, { hostname: "undotted" }),
    at("portless", 5, { exposed: [] }),
    at("wrongport", 6, { exposed: tcp(8080), ...data({ port: 80 }) }),
    at("paused", 7, { status: "paused" }),
    at("off", 8, { labels: { "interlock.enable": "false" } }),
  ]);
  assert.deepEqual(
    new Map(leftOut.map(({ container, line }) => [container, line])),
    new Map([
      ["nameless", "interlock.hostname=nameless.example.com"],
      ["slip", "interlock.hostname=slip.example.com"],
      ["undotted", "interlock.domain=example.com"],
      ["portless", "--expose 8080"],
      ["wrongport", "interlock.port=8080"],
      ["paused", "docker unpause paused"],
      ["off", "interlock.enable=true"],
    ]),
  );
  for (const { container, why } of leftOut) assert.notEqual(why, "", container);
});

Deno.test("a host that an older container has is left out, with the host that was wanted", () => {
  const { leftOut } = new Drawing().draw([
    at("old", 2, data({ alias_domains: ["shop.example.com"] })),
    at("young", 3, { createdAt: 5, hostname: "shop.example.com" }),
  ]);
  assert.deepEqual(leftOut.map(({ container, wanted, line }) => [container, wanted, line]), [
    ["young", "shop.example.com", "interlock.hostname=young.example.com"],
  ]);
});

Deno.test("before any container was read, a picture is empty", () => {
  const lists = new PictureMemory(undefined).draw(undefined, () => assert.fail());
  assert.ok(Object.values(lists).every((list) => list.length === 0));
});

const readerOf = (lists: PictureLists) => {
  const state = emptyLiveState();
  hear(state, "picture", lists);
  return state;
};
const sorted = ({ lists }: ReturnType<typeof emptyLiveState>) =>
  Object.values(lists).map((map) => [...map as Map<string, unknown>].sort(([a], [b]) => a < b ? -1 : 1));
