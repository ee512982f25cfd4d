/** How many new hosts find a backend that is ready for them. */
import assert from "node:assert/strict";
import { openRouting, want } from "./situation.ts";

const snapshotOf = (hosts: number) =>
  JSON.stringify(Array.from({ length: hosts }, (_, at) => ({
    Id: `web${at}`,
    Name: `/web${at}`,
    State: { Status: "running" },
    Config: {
      Hostname: `host-${at}.example.com`,
      Env: ["INTERLOCK_DATA={}"],
      ExposedPorts: { "80/tcp": {} },
    },
    NetworkSettings: { Networks: { bridge: { IPAddress: `172.17.${at >> 8}.${at & 255}` } } },
  })));

for (const [hosts, spares] of [[0, 16], [320, 16], [321, 32], [1_000, 64]] as const) {
  Deno.test(`beside ${hosts} hosts, ${spares} spare backends are ready`, async () => {
    const { desired } = want(await openRouting({ "haproxy-version": "2.6" }), snapshotOf(hosts), {});
    const ready = [...desired.sections.values()].filter(({ isSpare }) => isSpare);
    assert.equal(ready.length, spares);
    assert.equal(desired.sections.size, hosts + spares);
    const config = desired.files.get("haproxy.cfg") ?? "";
    assert.equal(config.match(/^backend _spare_/gm)?.length, spares);
  });
}
