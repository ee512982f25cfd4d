/** Requests that are alike in what their host names go to one container, also while others join. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { Echo, ok, sendHead } from "./echo.ts";
import { http2Get } from "./http2_get.ts";
import { snapshotOf } from "./one_route.ts";
import { called, canAddServers, onStage, programs } from "./stage.ts";

const HOST = "web.local";

/** How a request is written that has a value where the algorithm looks for it. */
const REQUESTS: Readonly<Record<string, (value: string) => readonly string[]>> = {
  "hash header X-User": (value) => ["GET / HTTP/1.1", `X-User: ${value}`],
  "hash cookie user.id": (value) => ["GET / HTTP/1.1", `Cookie: a=b; user.id=${value}; c=d`],
  "hash query user": (value) => [`GET /?a=b&user=${value} HTTP/1.1`],
  "hash path": (value) => [`GET /${value}?a=b HTTP/1.1`],
};
const VALUES = Array.from({ length: 40 }, (_, at) => `value${at}`);

for (const program of programs.filter(canAddServers)) {
  for (const [algorithm, linesOf] of Object.entries(REQUESTS)) {
    Deno.test(`${called(program)}: ${algorithm} keeps equal requests at one container, most of them when another joins`, async () => {
      await using a = new Echo(() => ok("a"));
      await using b = new Echo(() => ok("b"));
      await using c = new Echo(() => ok("c"));
      const all = [a, b, c].map(({ port }) => ({
        port,
        // Many points on the ring: with few, one of them may by chance have next to none of the requests.
        data: { hostname: HOST, balance_algorithm: algorithm, weight: 100 },
      }));
      await onStage(program, {}, async (stage) => {
        const placesOf = async () => {
          const places: string[] = [];
          for (const value of VALUES) {
            const [first = "", ...more] = linesOf(value);
            const ask = async () =>
              (await sendHead(stage.httpPort, first, `Host: ${HOST}`, ...more)).split("\r\n\r\n")[1] ?? "";
            const place = await ask();
            assert.equal(await ask(), place, value);
            const [, path = "/"] = first.split(" ");
            const headers = more.map((line) => line.split(": ")).map((
              [name = "", text = ""],
            ) => [name.toLowerCase(), text]);
            const overHttp2 = await http2Get(stage.httpPort, HOST, path, Object.fromEntries(headers));
            assert.equal(overHttp2.body, place, value);
            places.push(place);
          }
          return places;
        };
        await stage.apply(want(stage.routing, snapshotOf(all.slice(0, 1)), {}));
        const { plan } = await stage.apply(want(stage.routing, snapshotOf(all.slice(0, 2)), {}));
        assert.equal(plan.kind, "runtime");
        const before = await placesOf();
        assert.deepEqual([...new Set(before)].sort(), ["a", "b"]);
        assert.equal((await stage.apply(want(stage.routing, snapshotOf(all), {}))).plan.kind, "runtime");
        const after = await placesOf();
        // Who moves goes to the one that joined.
        for (const [at, place] of after.entries()) {
          assert.ok(place === "c" || place === before[at], VALUES[at]);
        }
        assert.ok(after.includes("c"));
      });
    });
  }
}
