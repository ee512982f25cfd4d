/** By which way a container is reached: the rule's, or one that was proven. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { ModelMemory } from "../../../lib/core/model/model_memory.ts";
import type { AddressSettings } from "../../../lib/core/model/choose_endpoint.ts";
import type { ServerName } from "../../../lib/core/values/names.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import type { InUse } from "../../../lib/core/model/ways.ts";
import { container, LOCAL, network, published, SETTINGS } from "../containers.ts";

const PUBLISHED = { published: [published(80, "0.0.0.0", 39101)] };
const TWO = { networks: [network("aaa", "10.1.0.2"), network("pub", "10.2.0.2")] };
const NAME = "web.example.com:web000000000:80" as ServerName;

const used = (address: string, port: number): InUse => new Map([[NAME, { address, port }]]);

/** What was built is remembered from one pass of a test to its next. */
function passes(given: Partial<AddressSettings> = {}) {
  const settings = { ...SETTINGS, address: { ...LOCAL, ...given } };
  const memory = new ModelMemory(settings);
  return (web: ContainerView, inUse?: InUse) => {
    const snapshot = { containers: [web], stopping: new Set<never>(), starting: new Set<never>() };
    const { model, notices } = buildModel(snapshot, settings, undefined, inUse, memory);
    const [server] = model.backends.flatMap((backend) => backend.servers);
    assert.equal(server?.name, NAME);
    return {
      at: `${server.address}:${server.port} ${server.via}`,
      others: server.others.map(({ address, port }) => `${address}:${port}`),
      isDetour: server.isDetour,
      said: notices.map(({ message }) => message).join(),
      server,
    };
  };
}

Deno.test("a published port that answered stands in for an own address that is out of reach, with one notice", () => {
  const pass = passes();
  const web = container("web", PUBLISHED);
  const before = pass(web);
  assert.deepEqual([before.at, before.others, before.said], [
    "172.17.0.2:80 container",
    ["127.0.0.1:39101"],
    "",
  ]);
  const detour = pass(web, used("127.0.0.1", 39101));
  assert.deepEqual([detour.at, detour.others], ["127.0.0.1:39101 published", ["172.17.0.2:80"]]);
  assert.match(
    detour.said,
    /^its own address 172\.17\.0\.2:80 cannot be reached from here.*--address published/,
  );
  assert.equal(pass(web, used("127.0.0.1", 39101)).server, detour.server, "the same gives the very same");
  assert.equal(pass(web, used("172.17.0.2", 80)).at, before.at, "it comes back");
  assert.equal(pass(web).at, before.at);
});

Deno.test("what was proven counts only as long as it is a way to the container", () => {
  const pass = passes();
  const moved = container("web", { published: [published(80, "0.0.0.0", 39102)] });
  assert.equal(pass(moved, used("127.0.0.1", 39101)).at, "172.17.0.2:80 container");
  const named = passes({ network: "aaa" });
  assert.equal(named(container("web", TWO), used("10.2.0.2", 80)).at, "10.1.0.2:80 container");
});

Deno.test("where a way was asked for by a setting there is no other", () => {
  for (const mode of ["container", "published"] as const) {
    assert.deepEqual(passes({ mode })(container("web", PUBLISHED)).others, [], mode);
  }
  assert.deepEqual(passes({ network: "aaa" })(container("web", TWO)).others, []);
});

Deno.test("an address in use stays when another network is joined that sorts before it", () => {
  const pass = passes();
  const inUse = used("10.2.0.2", 80);
  assert.equal(
    pass(container("web", { networks: TWO.networks.slice(1) }), inUse).at,
    "10.2.0.2:80 container",
  );
  const joined = pass(container("web", TWO), inUse);
  assert.deepEqual([joined.at, joined.others], ["10.2.0.2:80 container", ["10.1.0.2:80"]]);
  assert.match(joined.said, /networks aaa, pub; 10\.2\.0\.2 is used, where it answers/);
  const alone = pass(container("web", TWO));
  assert.equal(alone.at, "10.1.0.2:80 container", "by itself the first by name is used");
  assert.match(alone.said, /aaa is used, the first by name/);
});
