/** Which servers are taken out at the moment that their container is told to stop. */
import assert from "node:assert/strict";
import { Believed } from "../../lib/apply/believed.ts";
import { systemClock } from "../../lib/clock.ts";
import type { ContainerId } from "../../lib/core/values/names.ts";
import { Drain, type DrainParts } from "../../lib/apply/drain.ts";
import { SavedFiles } from "../../lib/apply/saved_files.ts";
import { openRouting, want } from "../changes/situation.ts";
import { Witness } from "../harness/events.ts";
import { settled } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { MemoryHaproxy } from "../harness/memory_haproxy.ts";

type How = {
  /** A container whose server has no traffic yet. */
  readonly unready?: string;
  /** What HAProxy answers each line with, in place of doing it. */
  readonly answer?: string;
  readonly onFailure?: (why: string) => void;
  readonly isLoading?: boolean;
  /** What HAProxy has is not known: it serves www.example.com in this section. */
  readonly servedIn?: string;
  /** A container that says the same as another one, or has its host alone. */
  readonly replica?: { readonly of: string; readonly name: string; readonly hasAlias?: boolean };
};

/** The first step of a situation. */
async function snapshotOf(situation: string, replica: How["replica"]): Promise<string> {
  const text = await Deno.readTextFile(new URL(`../changes/${situation}/before.json`, import.meta.url));
  if (replica === undefined) return text;
  const all: { Id: string; Config: object; NetworkSettings: object }[] = JSON.parse(text);
  const { of, name, hasAlias = true } = replica;
  const like = all.find(({ Id }) => Id === of);
  const at = { Networks: { bridge: { IPAddress: "172.17.0.9" } } };
  const config = hasAlias ? like?.Config : { ...like?.Config, Labels: {} };
  const another = { ...like, Id: name, Name: `/${name}`, Config: config, NetworkSettings: at };
  return JSON.stringify([...all, another]);
}

/** A drain; where a part is not given, nothing is known of HAProxy, no reload is under way, and nothing fails. */
function drainOf(parts: Pick<DrainParts, "haproxy"> & Partial<DrainParts>): Drain {
  const report = new Witness();
  return new Drain({
    clock: systemClock,
    report,
    believed: new Believed(),
    saved: new SavedFiles(parts.haproxy, report),
    isLoading: () => false,
    diverged: (why) => assert.fail(why),
    ...parts,
  });
}

/** The lines that HAProxy is sent when these containers of a situation's first step are told to stop. */
async function sentFor(
  situation: string,
  { unready, answer, onFailure = (why) => assert.fail(why), isLoading = false, servedIn, replica }: How,
  ...names: readonly string[]
): Promise<string[]> {
  const snapshot = await snapshotOf(situation, replica);
  const { desired, states } = want(await openRouting({ "haproxy-version": "2.6" }), snapshot, {});
  const servers = desired.model.backends.flatMap((backend) => backend.servers);
  const stopping = servers.filter(({ containerName }) => names.includes(containerName));
  assert.equal(stopping.length, names.length);
  const waiting = servers.find(({ containerName }) => containerName === unready)?.name;
  const held = new Map([...states, ...waiting === undefined ? [] : [[waiting, "maint"] as const]]);
  const haproxy = new MemoryHaproxy();
  await haproxy.load(desired, held);
  if (servedIn !== undefined) {
    const { sections } = haproxy.worker;
    sections.set(servedIn, sections.get("www.example.com") ?? new Map());
    sections.delete("www.example.com");
  }
  haproxy.onLine = () => answer;
  const believed = new Believed();
  if (servedIn === undefined) believed.loaded(desired, held);
  const drain = drainOf({ haproxy, believed, isLoading: () => isLoading, diverged: onFailure });
  drain.want(desired);
  drain.tell(
    // One that serves nothing is told to stop too.
    new Set([...stopping.map(({ containerId }) => containerId), "worker" as ContainerId]),
  );
  await drain.done;
  return haproxy.sent;
}

Deno.test("a server is taken out at once, be it the last of its host", async () => {
  assert.deepEqual(await sentFor("nothing_changed", {}, "web1"), [
    "set server www.example.com/www.example.com:web1:80 state maint",
  ]);
});

Deno.test("a host that another container waits to serve is led there first", async () => {
  assert.deepEqual(
    await sentFor("an_alias_goes_to_the_next_container_when_its_own_is_told_to_stop", {}, "blue"),
    [
      "set map hosts.map www.example.com/ green.example.com|,|green.example.com",
      "set server blue.example.com/blue.example.com:blue:80 state maint",
    ],
  );
});

Deno.test("it is left to the pass where the other container is told to stop too", async () => {
  assert.deepEqual(
    await sentFor("an_alias_goes_to_the_next_container_when_its_own_is_told_to_stop", {}, "blue", "green"),
    ["set server green.example.com/green.example.com:green:80 state maint"],
  );
});

Deno.test("it is left to the pass where a container stays that has not answered yet", async () => {
  const situation = "an_alias_goes_to_the_next_container_when_its_own_is_told_to_stop";
  const how = { unready: "blue2", replica: { of: "blue", name: "blue2" } };
  assert.deepEqual(await sentFor(situation, how, "blue"), []);
  assert.deepEqual(await sentFor(situation, { ...how, isLoading: true }, "blue"), [
    "set server blue.example.com/blue.example.com:blue:80 state maint",
  ]);
  assert.deepEqual(await sentFor(situation, how, "blue", "blue2"), [
    "set map hosts.map www.example.com/ green.example.com|,|green.example.com",
    "set server blue.example.com/blue.example.com:blue:80 state maint",
  ]);
});

Deno.test("it is left to the pass where the container that claims it next is told to stop, and others of its host stay", async () => {
  const situation = "an_alias_goes_to_the_next_container_when_its_own_is_told_to_stop";
  const how = { replica: { of: "green", name: "green2", hasAlias: false } };
  assert.deepEqual(await sentFor(situation, how, "blue", "green"), [
    "set server green.example.com/green.example.com:green:80 state maint",
  ]);
});

Deno.test("nothing is said of hosts whose containers are not told to stop", async () => {
  // Blue has the alias and waits to be ready; green, which does not, would be its heir.
  const situation = "an_alias_goes_to_the_next_container_when_its_own_is_told_to_stop";
  assert.deepEqual(await sentFor(situation, { unready: "blue" }), []);
});

Deno.test("while a reload holds up the pass, a server is taken out though its heir is not ready", async () => {
  const situation = "an_alias_goes_to_the_next_container_when_its_own_is_told_to_stop";
  assert.deepEqual(await sentFor(situation, { unready: "green" }, "blue"), []);
  assert.deepEqual(await sentFor(situation, { unready: "green", isLoading: true }, "blue"), [
    "set server blue.example.com/blue.example.com:blue:80 state maint",
  ]);
});

Deno.test("an HAProxy of which it is not known what it has is asked where the server stands", async () => {
  assert.deepEqual(await sentFor("nothing_changed", { servedIn: "_spare_3" }, "web1"), [
    "set server _spare_3/www.example.com:web1:80 state maint",
  ]);
  assert.deepEqual(await sentFor("nothing_changed", { servedIn: "_spare_3", unready: "web1" }, "web1"), []);
});

Deno.test("an answer that nobody knows means that HAProxy did not do it, and is told", async () => {
  const failures: string[] = [];
  const how = { answer: "Permission denied\n", onFailure: (why: string) => void failures.push(why) };
  await sentFor("a_server_leaves_and_the_others_stay", how, "web1");
  assert.deepEqual(failures, ["HAProxy did not do what takes servers out"]);
});

Deno.test("what was taken out of an HAProxy that stays unknown is given back where it was, once its container lives on", async () => {
  const snapshot = await Deno.readTextFile(
    new URL("../changes/nothing_changed/before.json", import.meta.url),
  );
  const { desired, states } = want(await openRouting({ "haproxy-version": "2.6" }), snapshot, {});
  const servers = desired.model.backends.flatMap((backend) => backend.servers);
  const haproxy = new MemoryHaproxy();
  await haproxy.load(desired, states);
  const [first, second] = servers.map(({ name }) => haproxy.worker.server(name));
  assert.ok(first !== undefined && second !== undefined);
  // It has moved meanwhile.
  second.address = "172.17.9.9";
  const drain = drainOf({ haproxy });
  drain.want(desired);
  const ids = new Set(servers.map(({ containerId }) => containerId));
  assert.equal(ids.size, 2);
  drain.tell(ids);
  await drain.done;
  assert.equal(haproxy.takeSent().length, 2);
  await drain.restore(states, desired);
  assert.deepEqual(haproxy.sent, [], "they are still told to stop");
  drain.tell(new Set());
  await drain.restore(new Map(), desired);
  assert.deepEqual(haproxy.sent, [], "they have not proven anything yet");
  for (let count = 0; count < 2; count++) await drain.restore(states, desired);
  assert.deepEqual(haproxy.sent, [
    `enable health www.example.com/${servers[0]?.name}`,
    `set server www.example.com/${servers[0]?.name} state ready`,
  ]);
  assert.deepEqual([first.state, second.state], ["ready", "maint"]);
});

Deno.test("a container that asks for it keeps its sticky clients until its time is over, or until it has ended", async () => {
  const id = "a".repeat(64);
  const snapshot = JSON.stringify([{
    Id: id,
    Name: "/web",
    Created: "2024-01-01T00:00:00Z",
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: {
      Hostname: "www.example.com",
      ExposedPorts: { "80/tcp": {} },
      Env: [`INTERLOCK_DATA={"sticky_session_cookie": "SERVER", "drain": "20s"}`],
    },
    NetworkSettings: { Networks: { bridge: { IPAddress: "172.17.0.2" } } },
  }]);
  const { desired, states } = want(await openRouting({ "haproxy-version": "2.6" }), snapshot, {});
  const [server] = desired.model.backends.flatMap(({ servers }) => servers);
  assert.ok(server);
  const { name, containerId } = server;
  const clock = new HandClock();
  const haproxy = new MemoryHaproxy();
  await haproxy.load(desired, states);
  const believed = new Believed();
  believed.loaded(desired, states);
  const drain = drainOf({ haproxy, believed, clock });
  drain.want(desired);
  const set = (state: string) => `set server www.example.com/${name} state ${state}`;
  const stateNow = () => drain.filter(states, desired).get(name);
  const told = new Set([containerId]);
  const tell = async (living?: ReadonlySet<ContainerId>) => {
    drain.tell(told, undefined, living);
    await settled();
    return haproxy.takeSent();
  };
  assert.deepEqual(await tell(told), [set("drain")]);
  assert.deepEqual([stateNow(), drain.endsInMs()], ["drain", 20_000]);
  clock.pass(15_000);
  // It is told again with each look, which gives it no more time.
  assert.deepEqual(await tell(told), []);
  assert.deepEqual([stateNow(), drain.endsInMs()], ["drain", 5_000]);
  clock.pass(5_000);
  assert.deepEqual([stateNow(), drain.endsInMs()], ["maint", undefined]);
  assert.deepEqual(await tell(told), [set("maint")]);
  // It lives on, and is told to stop once more. Then it ends before its time.
  drain.tell(new Set());
  believed.loaded(desired, states);
  assert.deepEqual(await tell(told), [set("drain")]);
  assert.deepEqual(await tell(), [set("maint")]);
});
