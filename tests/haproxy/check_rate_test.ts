/** How often HAProxy checks a container with many routes: counted against one that has a single route. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { Echo } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, onStage, programs } from "./stage.ts";

const FAST = { check: "httpchk GET /", check_interval: 100 };

for (const program of programs) {
  Deno.test(`${called(program)}: a container with 64 routes is checked as often as seven routes are, not as 64`, async () => {
    await using many = new Echo();
    await using one = new Echo();
    await onStage(program, {}, async (stage) => {
      const routes = Array.from(
        { length: 64 },
        (_, at) => ({ hostname: `h${at}.local`, ...FAST }),
      );
      const all = [
        containerOf("a", many.port, routes),
        containerOf("b", one.port, { hostname: "one.local", ...FAST }),
      ];
      await stage.apply(want(stage.routing, JSON.stringify(all), {}));
      // The first check of each comes soon after the start.
      await eventually(() => one.heads.length >= 5 && many.heads.length >= 64, { what: "the first checks" });
      const [ofOne, ofMany] = [one.heads.length, many.heads.length];
      await eventually(() => one.heads.length >= ofOne + 30, {
        what: "thirty checks of the one",
        limitMs: 60_000,
      });
      // Without a limit there are as many for each route as there are of the one.
      const share = (many.heads.length - ofMany) / (one.heads.length - ofOne);
      assert.ok(share < 20, `${share} checks of the many for each of the one`);
      assert.ok(many.heads.length > ofMany, "it is checked");
    });
  });
}
