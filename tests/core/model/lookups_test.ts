/** What it costs to tell what became of containers grows with their number, and not with its square; counted, never timed. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { countContainers, verdictsOf } from "../../../lib/core/model/verdict.ts";
import { findInForce } from "../../../lib/core/status/in_force.ts";
import { container, port, SETTINGS } from "../containers.ts";

const TLS = { port: port(443), options: "", profile: "modern" as const };
const settings = { ...SETTINGS, frontend: { ...SETTINGS.frontend, tls: TLS }, tlsPort: port(443) };

/** As many containers as said, each with 64 routes; the hosts are those of one where they are shared. */
const withRoutes = (count: number, more: object, from: number, areShared = false) =>
  Array.from({ length: count }, (_, at) => {
    const routes = Array.from(
      { length: 64 },
      (_, route) => ({ hostname: `h${areShared ? 0 : at}-${route}.test`, ...more }),
    );
    return container(`c${from + at}`, { createdAt: from + at, interlockData: JSON.stringify(routes) });
  });

const build = (containers: ReturnType<typeof withRoutes>) =>
  buildModel({ containers, stopping: new Set(), starting: new Set() }, settings);

Deno.test("of hundreds of routes without room, all owners are looked through once", () => {
  const built = build([...withRoutes(20, {}, 0), ...withRoutes(20, { ssl_passthrough: true }, 100)]);
  let looks = 0;
  class Counted extends Map<string, unknown> {
    override values() {
      looks++;
      return super.values();
    }
  }
  const owners = new Counted(built.owners) as unknown as typeof built.owners;
  const verdicts = verdictsOf({ ...built, owners });
  assert.deepEqual(countContainers({ ...built, owners }), { routed: 20, left: { "host-taken": 20 } });
  assert.equal(verdicts.filter(({ why }) => why !== undefined).length, 20 * 64);
  assert.match(`${verdicts.at(-1)?.why}`, /serves h19-63[.]test, and HAProxy ends its TLS/);
  assert.equal(looks, 2, "once for each question");
});

Deno.test("what is in force for a container is found without reading what all others of its host say", () => {
  const costOf = (count: number) => {
    const built = build(withRoutes(count, { ssl_only: true, warm: true }, 0, true));
    let reads = 0;
    const counted = <T extends object>(data: T): T =>
      new Proxy(data, {
        get: (target, name) => {
          reads++;
          return target[name as keyof T];
        },
      });
    const considered = built.considered.map((each) => ({
      ...each,
      attempts: each.attempts.map((attempt) =>
        attempt.offer === undefined
          ? attempt
          : { ...attempt, offer: { ...attempt.offer, data: counted(attempt.offer.data) } }
      ),
    }));
    const inForce = findInForce({ ...built, considered });
    for (const verdict of verdictsOf({ ...built, considered })) {
      assert.deepEqual(inForce(verdict).rules.map(({ key }) => key), ["ssl_only"]);
    }
    return reads / count;
  };
  const [few, many] = [costOf(5), costOf(50)];
  assert.ok(many < 2 * few, `${few} reads a container with 5, ${many} with 50`);
});
