/** What each HAProxy answers is read rightly: done, later, or not as we believed. */
import assert from "node:assert/strict";
import type { ServerName } from "../../lib/core/values/names.ts";
import {
  type Operation,
  readReplies,
  type Reply,
  runtimeCommands,
} from "../../lib/core/runtime/operation.ts";
import { HOSTS_MAP, type TableKey, type TableValue } from "../../lib/core/values/table.ts";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { Containers } from "./containers.ts";
import { called, canAddBackends, canAddServers, onStage, programs, send, type Stage } from "./stage.ts";

const SECTION = "www.example.com";
const NEW = "www.example.com:new:80" as ServerName;
const OLD = "www.example.com:web1:80" as ServerName;

const add = (line: string, section = SECTION): Operation => ({
  kind: "add-server",
  section,
  server: NEW,
  line,
});
const set = (server: ServerName, state: "ready" | "maint", section = SECTION): Operation => ({
  kind: "set-state",
  section,
  server,
  state,
});
const remove = (server: ServerName, section = SECTION): Operation => ({
  kind: "delete-server",
  section,
  server,
});
const lead = (kind: "add-row" | "set-row", key: string, section = SECTION): Operation => ({
  kind,
  table: HOSTS_MAP,
  key: key as TableKey,
  value: section as TableValue,
});
const unlead = (key: string): Operation => ({ kind: "delete-row", table: HOSTS_MAP, key: key as TableKey });
const GOOD = `${NEW} 127.17.3.1:80 id 77 check inter 5000`;

const backend = (
  kind: "publish-backend" | "unpublish-backend" | "delete-backend",
  section: string,
): Operation => ({ kind, section });
const addBackend = (section: string, defaults = "_defaults_1"): Operation => ({
  kind: "add-backend",
  section,
  defaults,
});

async function ask(stage: Stage, operation: Operation): Promise<{ reply: Reply; text: string }> {
  const replies = await send(stage, ...runtimeCommands(operation));
  return { reply: readReplies(operation, replies), text: JSON.stringify(replies) };
}

/** A stage with one host of one container; `names` are as they are in the snapshot, whatever port is used here. */
async function onWeb(
  program: typeof programs[number],
  act: (
    stage: Stage,
    containers: Containers,
    expect: (operation: Operation, reply: Reply) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  await using containers = new Containers();
  const folder = new URL("../changes/nothing_changed/before.json", import.meta.url);
  const snapshot = containers.move(await Deno.readTextFile(folder));
  await containers.start(snapshot);
  await onStage(program, {}, async (stage) => {
    await stage.apply(want(stage.routing, snapshot, {}));
    await act(stage, containers, async (operation, wanted) => {
      const { reply, text } = await ask(stage, operation);
      assert.equal(reply, wanted, `${runtimeCommands(operation).join("; ")} was answered ${text}`);
    });
  });
}

for (const program of programs) {
  const name = (sentence: string) => `${called(program)}: ${sentence}`;
  const dynamic = { ignore: !canAddServers(program) };

  Deno.test({
    ...dynamic,
    name: name("a server is added, made ready, held and deleted"),
    fn: () =>
      onWeb(program, async (_stage, _containers, expect) => {
        await expect(add(GOOD), "done");
        await expect(set(NEW, "ready"), "done");
        await expect(set(NEW, "ready"), "done");
        await expect(set(NEW, "maint"), "done");
        await expect(remove(NEW), "done");
      }),
  });

  Deno.test({
    ...dynamic,
    name: name("what it refuses to add means that it is not as we believed"),
    fn: () =>
      onWeb(program, async (stage, containers, expect) => {
        await expect(add(GOOD), "done");
        await expect(add(GOOD), "diverged");
        await expect(add(GOOD, "nobody.example.com"), "diverged");
        await expect(add(`${NEW}2 127.17.3.1:99999 id 78 check`), "diverged");
        await expect(add(`${NEW}4 127.17.3.1:80 id 77 check`), "diverged");
        await expect(add(`${NEW}5 127.17.3.1:80 id 80 check no-such-word`), "diverged");
        await expect(add(`${NEW}6`), "diverged");
        assert.equal(
          (await stage.haproxy.reportServers(SECTION)).length,
          3,
          `${containers.port}: none of them is there`,
        );
      }),
  });

  Deno.test({
    ...dynamic,
    name: name("a server that is not there cannot be held or deleted"),
    fn: () =>
      onWeb(program, async (_stage, _containers, expect) => {
        await expect(set(NEW, "maint"), "diverged");
        await expect(set(NEW, "ready", "nobody.example.com"), "diverged");
        await expect(remove(NEW), "diverged");
        await expect(remove(NEW, "nobody.example.com"), "diverged");
      }),
  });

  const onBackends = () =>
    Deno.test(
      name("a backend is added, published, withdrawn and deleted, and nothing else passes for that"),
      () =>
        onWeb(program, async (stage, containers, expect) => {
          const section = "new.example.com";
          await expect(addBackend(section, "_defaults_99"), "diverged");
          await expect(backend("publish-backend", section), "diverged");
          await expect(addBackend(section), "done");
          await expect(addBackend(section), "diverged");
          await expect(add(`${NEW} 127.17.0.2:${containers.port} id 77 check inter 5000`, section), "done");
          await expect(set(NEW, "ready", section), "done");
          await expect(backend("publish-backend", section), "done");
          await expect(lead("add-row", `${section}/`, section), "done");
          assert.equal((await httpGet({ port: stage.httpPort, host: section })).status, 200);

          await expect(backend("delete-backend", section), "diverged");
          await expect(unlead(`${section}/`), "done");
          await expect(backend("unpublish-backend", section), "done");
          await expect(backend("delete-backend", section), "later");
          await expect(set(NEW, "maint", section), "done");
          await eventually(async () => (await ask(stage, remove(NEW, section))).reply === "done", {
            what: "the server to be deleted",
          });
          await expect(backend("delete-backend", section), "done");
          await expect(backend("delete-backend", section), "diverged");
          await expect(backend("unpublish-backend", section), "diverged");
        }),
    );
  if (canAddBackends(program)) onBackends();

  Deno.test({
    ...dynamic,
    name: name("a server that is not held cannot be deleted"),
    fn: () =>
      onWeb(program, async (_stage, _containers, expect) => {
        await expect(add(GOOD), "done");
        await expect(set(NEW, "ready"), "done");
        await expect(remove(NEW), "diverged");
      }),
  });

  Deno.test({
    ...dynamic,
    name: name("a server with a request under way is deleted later, and the request is answered"),
    fn: () =>
      onWeb(program, async (stage, containers, expect) => {
        const server = OLD.replace(":80", `:${containers.port}`) as ServerName;
        await expect(set(`${SECTION}:web2:${containers.port}` as ServerName, "maint"), "done");
        containers.holdAll();
        const answer = httpGet({ port: stage.httpPort, host: SECTION, path: "/held" });
        await containers.nextHeld();
        await expect(set(server, "maint"), "done");
        await expect(remove(server), "later");
        containers.release();
        assert.equal((await answer).status, 200);
        await containers.endOthers("");
        await eventually(async () => (await ask(stage, remove(server))).reply === "done", {
          what: "the server to be deleted",
        });
      }),
  });

  Deno.test(
    name("a route is added, changed and deleted; one that is not there cannot be"),
    () =>
      onWeb(program, async (stage, _containers, expect) => {
        await expect(lead("add-row", "new.example.com/"), "done");
        await expect(lead("set-row", "new.example.com/", "_spare_1"), "done");
        await expect(unlead("new.example.com/"), "done");
        await expect(unlead("new.example.com/"), "diverged");
        await expect(lead("set-row", "new.example.com/"), "diverged");
        const [map = ""] = await send(stage, "show map hosts.map");
        assert.equal(map.includes("new.example.com"), false);
      }),
  );
}

Deno.test("a reply that nobody knows, or none, or one too many means that HAProxy is not as we believed", () => {
  const operations = [add(GOOD), set(NEW, "ready"), remove(NEW)];
  operations.push(lead("add-row", "a/"));
  for (const operation of operations) {
    for (
      const replies of [[], ["Unknown command."], ["Permission denied"], ["", "", ""], [
        "New server registered.",
        "New server registered.",
      ]]
    ) {
      assert.equal(
        readReplies(operation, replies),
        "diverged",
        `${operation.kind}: ${JSON.stringify(replies)}`,
      );
    }
  }
});
