/** A server that joins at run time, and asks for it, gets few requests at first. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { httpGet } from "../harness/http.ts";
import { Containers } from "./containers.ts";
import { called, onStage, programs } from "./stage.ts";

for (const program of programs) {
  Deno.test(`${called(program)}: a server that asks for a slow start gets few of its host's requests at first`, async () => {
    await using containers = new Containers();
    const read = async (step: string) => {
      const url = new URL(`../changes/a_server_joins_and_its_share_grows/${step}.json`, import.meta.url);
      return containers.move(await Deno.readTextFile(url));
    };
    const [before, after] = [await read("before"), await read("after")];
    await containers.start(after);
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, before, {}));
      assert.equal((await stage.apply(want(stage.routing, after, {}))).plan.kind, "runtime");
      const bodies: string[] = [];
      while (bodies.length < 60) {
        bodies.push((await httpGet({ port: stage.httpPort, host: "www.example.com" })).body);
      }
      // Its share grows over an hour: without a slow start it were half of them.
      const joined = bodies.filter((body) => body !== "127.17.0.2").length;
      assert.ok(joined >= 1 && joined <= 12, `${joined} of 60`);
    });
  });
}
