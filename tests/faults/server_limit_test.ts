/** More containers than HAProxy has descriptors for: those that fit are served, by each version that is here. */
import assert from "node:assert/strict";
import { formatStatus } from "../../lib/core/status/status.ts";
import { called, programs } from "../haproxy/stage.ts";
import { eventLine } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { FaultStage } from "./stage.ts";

const DESCRIPTORS = 1_024;
/** As a command that becomes another one with so many descriptors at most. */
const LIMITED = ["prlimit", `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`];

const hosts = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `c${String(at).padStart(4, "0")}.example`);

const wanted = (count: number) => hosts(count).map((host) => ({ host }));

for (const program of programs.filter(({ addsBackends }) => !addsBackends)) {
  Deno.test(`${called(program)}: servers beyond the limit of descriptors cost no one else anything`, async () => {
    await using stage = await FaultStage.open(...wanted(450));
    const first = stage.start(["--haproxy", program.path], {}, undefined, LIMITED);
    await stage.answers(hosts(1)[0] ?? "", 200, 60_000);
    const status = await stage.status();
    const { serverLimit, notices, routes } = status;
    const most = serverLimit?.servers ?? 0;
    assert.equal(serverLimit?.descriptors, DESCRIPTORS);
    assert.ok(most > 250 && most < 400, `${most} servers`);
    assert.match(formatStatus(status), new RegExp(`servers: ${most} of at most ${most}, .*1024 descriptors`));
    assert.deepEqual(routes.map(({ route }) => route), hosts(most));
    const told = notices.filter(({ code }) => code === "server-limit").map(({ subject }) =>
      `${subject}.example`
    );
    assert.deepEqual(told, hosts(450).slice(most));
    await stage.answers(hosts(most).at(-1) ?? "");
    await stage.answers(hosts(450).at(-1) ?? "", 404);

    // A reload has an old worker beside the new one: a client that waits for the rest of its answer keeps it.
    using waiting = await Deno.connect({ hostname: "127.0.0.1", port: stage.port });
    await waiting.write(
      new TextEncoder().encode(`POST / HTTP/1.1\r\nHost: ${hosts(1)[0]}\r\nContent-Length: 9\r\n\r\n`),
    );
    await stage.accepted(waiting);
    for (const balance_algorithm of ["leastconn", "source"]) {
      const before = (await stage.status()).reloads;
      const [one = { host: "" }, ...others] = wanted(450);
      await stage.want({ ...one, data: { balance_algorithm } }, ...others);
      await eventually(async () => (await stage.status()).reloads > before, { what: "a reload" });
      await stage.answers(hosts(most).at(-1) ?? "");
    }
    // A master that executes itself anew tells of them a moment later.
    await eventually(async () => (await stage.status()).haproxy.oldWorkers > 0, {
      what: "old workers in status",
    });
    assert.equal((await stage.status()).trouble, undefined);

    // A container that goes makes room for the next.
    await stage.want(...wanted(450).slice(1));
    await stage.answers(hosts(most + 1).at(-1) ?? "");
    await stage.answers(hosts(most + 2).at(-1) ?? "", 404);

    // The one that comes after it finds an HAProxy with that limit, whatever its own is.
    const second = stage.start(["--haproxy", program.path]);
    assert.equal(await first.exited, 0);
    await stage.says(second, eventLine("adopted"));
    await eventually(async () => (await stage.status()).pid === second.pid, { what: "the second to answer" });
    assert.deepEqual((await stage.status()).serverLimit, serverLimit);
    await stage.answers(hosts(most + 1).at(-1) ?? "");
  });
}
