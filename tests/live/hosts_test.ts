/** Which host answers, from which container and port, and when. */
import assert from "node:assert/strict";
import { docker, startContainer, WITNESS } from "../harness/engine.ts";
import { haproxies } from "../harness/haproxies.ts";
import { eventually } from "../harness/program.ts";
import { askWhile, live, says, tally } from "./stage.ts";

for (const { version, path } of await haproxies()) {
  live(
    `docker run -P --hostname test.local makes http://test.local answer, with HAProxy ${version}`,
    async (stage) => {
      const router = await stage.router({ flags: ["--haproxy", path] });
      await startContainer({ env: { NAME: "one" }, flags: ["-P", "--hostname", "test.local"] });
      assert.equal((await router.answers("test.local")).body, "one");
      assert.equal((await router.get("TEST.local.:1234")).body, "one");
      assert.equal((await router.get("test.localnet")).status, 404);
      assert.match(
        await router.ask("show info"),
        new RegExp(`^Version: ${version.replaceAll(".", "\\.")}`, "m"),
      );
    },
  );
}

live("clients reach a container by IPv4 and by IPv6", async (stage) => {
  const router = await stage.router();
  await startContainer({ env: { NAME: "one" }, flags: ["-P", "--hostname", "both.local"] });
  await router.answers("both.local");
  for (const address of ["127.0.0.1", "::1"]) {
    const { status, body } = await router.get("both.local", "/", { address });
    assert.deepEqual([status, body], [200, "one"], address);
  }
});

/** Accepts connections on 8080 and says nothing, until /go is there; then the image's own program takes over. */
const MUTE_AT_FIRST = `
  nc -ll -p 8080 -e sh -c 'echo one >>/accepted; sleep 1' &
  mute=$!
  while [ ! -e /go ]; do sleep 0.05; done
  kill $mute
  exec deno run --quiet --no-check --no-config -A /witness.ts`;

live(
  "the sample of Interlock's README answers on both hosts, from 8080, and not before it has answered itself",
  async (stage) => {
    const router = await stage.router();
    const { env } = says({ alias_domains: ["foo.com"], port: 8080, warm: true });
    const id = await startContainer({
      image: WITNESS,
      env: { ...env, NAME: "sample", PORTS: "8080 9090" },
      flags: ["-P", "--hostname", "www.example.com", "--entrypoint", "sh"],
      args: ["-c", MUTE_AT_FIRST],
    });
    const early = new Set<number>();
    await eventually(async () => {
      for (const host of ["www.example.com", "foo.com"]) early.add((await router.get(host)).status);
      const accepted = await docker("exec", id, "cat", "/accepted");
      return accepted.split("\n").length >= 2;
    }, { what: "the container to have accepted two connections" });
    early.delete(404);
    assert.deepEqual([...early], [503], "a container that does not speak HTTP yet gets no request");
    await docker("exec", id, "touch", "/go");
    for (const host of ["www.example.com", "foo.com"]) {
      await router.answers(host);
      for (let at = 0; at < 10; at++) {
        const answer = await router.get(host);
        assert.deepEqual([answer.body, answer.headers["x-served-port"]], ["sample", "8080"]);
      }
    }
  },
);

live(
  "several containers with one hostname share one backend, each gets its turn, and one that stops leaves it",
  async (stage) => {
    const router = await stage.router();
    const ids = await Promise.all(
      ["a", "b", "c"].map((name) =>
        startContainer({ env: { NAME: name }, flags: ["-P", "--hostname", "shared.local"] })
      ),
    );
    const isSpread = (expected: Record<string, number>) => async () => {
      assert.deepEqual(await tally(30, () => router.get("shared.local")), expected);
      return true;
    };
    await eventually(isSpread({ a: 10, b: 10, c: 10 }), { what: "all three to take turns" });
    const servers = (config: string) => config.match(/^ +server /gm)?.length;
    const config = await router.config();
    assert.equal(config.match(/^backend .*shared/gm)?.length, 1);
    assert.equal(servers(config), 3);
    const endings = await askWhile(() => router.get("shared.local"), docker("stop", ids[1] ?? ""));
    assert.deepEqual([...new Set(endings)], [200], "nobody notices that one stops");
    await eventually(isSpread({ a: 15, c: 15 }), { what: "the other two to take turns" });
    await eventually(async () => servers(await router.config()) === 2, {
      what: "its server to leave the config",
    });
  },
);

live(
  "/haproxy?monitor answers 200 before the first container is there, and unknown hosts 404",
  async (stage) => {
    const router = await stage.router();
    assert.equal((await router.get("any.example", "/haproxy?monitor")).status, 200);
    assert.equal((await router.get("any.example")).status, 404);
    await startContainer({ flags: ["-P", "--hostname", "first.local"] });
    await router.answers("first.local");
    assert.equal((await router.get("first.local", "/haproxy?monitor")).status, 200);
    assert.equal((await router.get("any.example")).status, 404);
  },
);

live("a known host with nothing ready answers 503 at once, and says when to try again", async (stage) => {
  const router = await stage.router();
  await startContainer({
    image: WITNESS,
    env: { LISTEN_AFTER_MS: "600000" },
    flags: ["-P", "--hostname", "deaf.local"],
  });
  await router.answers("deaf.local", 503);
  const answer = await router.get("deaf.local", "/", { limitMs: 2_000 });
  assert.equal(answer.status, 503);
  assert.match(answer.headers["retry-after"] ?? "", /^[0-9]+$/);
});

live("containers that run when signalbox starts answer from the first moment on", async (stage) => {
  const hosts = ["early1.local", "early2.local", "early3.local"];
  await Promise.all(hosts.map((host) => startContainer({ flags: ["-P", "--hostname", host] })));
  const router = await stage.router();
  const statuses = await Promise.all(hosts.map(async (host) => (await router.get(host)).status));
  assert.deepEqual(statuses, [200, 200, 200]);
});

live("containers that come while signalbox is starting are routed", async (stage) => {
  const starting = stage.router({ isImpatient: true });
  const hosts = ["meanwhile1.local", "meanwhile2.local", "meanwhile3.local", "meanwhile4.local"];
  // One after the other: they fall before, into and behind the moment in which the list is read.
  for (const host of hosts) await startContainer({ flags: ["-P", "--hostname", host] });
  const router = await starting;
  for (const host of hosts) await router.answers(host);
});
