/** Weights that are changed at run time count from the next requests on. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { httpGet } from "../harness/http.ts";
import { Containers } from "./containers.ts";
import { called, onStage, programs } from "./stage.ts";

for (const program of programs) {
  Deno.test(`${called(program)}: two servers that swap their weights swap their shares, and none is passed over`, async () => {
    await using containers = new Containers();
    const read = async (step: string) => {
      const url = new URL(`../changes/a_weight_rises_before_another_falls/${step}.json`, import.meta.url);
      return containers.move(await Deno.readTextFile(url));
    };
    const [before, after] = [await read("before"), await read("after")];
    await containers.start(after);
    await onStage(program, {}, async (stage) => {
      const share = async (count: number) => {
        const bodies: string[] = [];
        while (bodies.length < count) {
          bodies.push((await httpGet({ port: stage.httpPort, host: "www.example.com" })).body);
        }
        return bodies.filter((body) => body === "127.17.0.2").length;
      };
      await stage.apply(want(stage.routing, before, {}));
      assert.equal(await share(40), 36);
      assert.equal((await stage.apply(want(stage.routing, after, {}))).plan.kind, "runtime");
      // A cycle is ten requests; the one under way may be of either kind.
      const few = await share(40);
      assert.ok(few >= 3 && few <= 6, `${few} of 40`);
    });
  });
}
