/** What happens to containers while they are routed: after each change, what is routed is what runs. */
import assert from "node:assert/strict";
import type { Status } from "../../lib/core/status/status.ts";
import { askControl } from "../../lib/report/control_socket.ts";
import { addressOf, createNetwork, docker, ready, startContainer } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { askWhile, live, type Router, tally } from "./stage.ts";

const statusOf = async ({ stateDir }: Router): Promise<Status> =>
  await askControl(stateDir, "GET", "/status") as Status;

const pair = (host: string) =>
  Promise.all(
    ["a", "b"].map((name) => startContainer({ env: { NAME: name }, flags: ["-P", "--hostname", host] })),
  );

/** Waits until requests are spread over these containers and no others. */
async function servedBy(router: Router, host: string, ...names: readonly string[]): Promise<void> {
  await eventually(async () => {
    assert.deepEqual(Object.keys(await tally(4 * names.length, () => router.get(host))).sort(), names);
    return true;
  }, { what: `${host} to be served by ${names.join(" and ")} alone` });
}

live(
  "a container that is paused gets no requests, and gets them again when it is unpaused",
  async (stage) => {
    const router = await stage.router();
    const [a = ""] = await pair("paused.local");
    await servedBy(router, "paused.local", "a", "b");
    await docker("pause", a);
    await servedBy(router, "paused.local", "b");
    await docker("unpause", a);
    await servedBy(router, "paused.local", "a", "b");
  },
);

live("a container that is renamed goes on serving, under its new name in the config", async (stage) => {
  const router = await stage.router();
  const suffix = crypto.randomUUID().slice(0, 8);
  const id = await startContainer({
    flags: ["-P", "--hostname", "renamed.local", "--name", `before-${suffix}`],
  });
  await router.answers("renamed.local");
  assert.match(await router.config(), new RegExp(`before-${suffix}`));
  const endings = await askWhile(() => router.get("renamed.local"), async () => {
    await docker("rename", id, `after-${suffix}`);
    await eventually(async () => (await router.config()).includes(`after-${suffix}`), {
      what: "the new name",
    });
  });
  assert.deepEqual([...new Set(endings)], [200]);
  assert.ok(!(await router.config()).includes(`before-${suffix}`));
});

live("a container that is restarted serves again, at the address that it has then", async (stage) => {
  const router = await stage.router();
  const network = await createNetwork(`restart-${crypto.randomUUID().slice(0, 8)}`);
  const start = (name: string, host: string) =>
    startContainer({ env: { NAME: name }, flags: ["--network", network, "--hostname", host] });
  const id = await start("first", "restarted.local");
  await router.answers("restarted.local");
  const before = await addressOf(id);
  await docker("stop", id);
  await router.answers("restarted.local", 404);
  // Another container takes its address meanwhile, and must not get its requests.
  await start("second", "neighbour.local");
  await docker("start", id);
  assert.notEqual(await addressOf(id), before);
  const statuses = new Set<string>();
  await eventually(async () => {
    const { status, body } = await router.get("restarted.local");
    statuses.add(status === 200 ? body : `${status}`);
    return status === 200;
  }, { what: "restarted.local to answer" });
  assert.ok(!statuses.has("second"), `only its own container answers: ${[...statuses]}`);
  await docker("restart", "-t", "1", id);
  assert.equal((await router.answers("restarted.local")).body, "first");
});

live(
  "the host of a container that is stopped and started again is away meanwhile, and not unknown",
  async (stage) => {
    const router = await stage.router();
    const id = await startContainer({ flags: ["--hostname", "again.local"] });
    await router.answers("again.local");
    const underWay: Promise<unknown>[] = [];
    const statuses = new Set<number>();
    // One by one is not enough: a request that was under way when it ended is tried again until it is back.
    const ask = () => underWay.push(router.get("again.local").then(({ status }) => statuses.add(status)));
    const timer = setInterval(ask, 10);
    try {
      await docker("stop", id);
      await eventually(() => statuses.has(503), { what: "it to be away", everyMs: 1 });
      await docker("start", id);
      await router.answers("again.local");
    } finally {
      clearInterval(timer);
      await Promise.all(underWay);
    }
    assert.ok(statuses.delete(503), "it is known while it is away");
    // Whether one came before the stop, or after the start, is a matter of milliseconds.
    assert.deepEqual([...statuses].filter((status) => status !== 200), []);
  },
);

live("a container that is killed leaves, and the other one takes all requests", async (stage) => {
  const router = await stage.router();
  const [a = "", b = ""] = await pair("killed.local");
  await servedBy(router, "killed.local", "a", "b");
  const endings = await askWhile(() => router.get("killed.local"), docker("kill", a));
  // An answer whose head was out when SIGKILL came cannot be taken back nor repeated: at most the one under way.
  const cut = endings.filter((ending) => ending === "Error: aborted").length;
  assert.ok(cut <= 1, `${cut} answers were cut`);
  const whole = new Set(endings.filter((ending) => ending !== "Error: aborted"));
  assert.deepEqual([...whole], [200], "requests without effects are answered by the other one");
  await servedBy(router, "killed.local", "b");
  await docker("kill", b);
  await router.answers("killed.local", 404);
});

live("a signal that does not end a container costs it no requests", async (stage) => {
  const router = await stage.router();
  const id = await startContainer({ flags: ["-P", "--hostname", "signalled.local"] });
  await router.answers("signalled.local");
  const endings = await askWhile(() => router.get("signalled.local"), async () => {
    await docker("kill", "-s", "WINCH", id);
    await router.program.waitForEntry({ action: "kill" });
    await tally(20, () => router.get("signalled.local"));
  });
  assert.deepEqual([...new Set(endings)], [200]);
});

live("a container is reached in the network that it is in, after connect and disconnect", async (stage) => {
  const router = await stage.router();
  const suffix = crypto.randomUUID().slice(0, 8);
  const [first, second] = [await createNetwork(`net1-${suffix}`), await createNetwork(`net2-${suffix}`)];
  const id = await startContainer({ flags: ["--network", first, "--hostname", "moved.local"] });
  const named = await startContainer({
    labels: { "interlock.network": second },
    flags: ["--network", first, "--hostname", "choosy.local"],
  });
  await router.answers("moved.local");
  assert.equal((await router.get("choosy.local")).status, 404, "it is not in the network that it names");
  await docker("network", "connect", second, named);
  await router.answers("choosy.local");
  assert.match(await router.config(), new RegExp(`${await addressOf(named, second)}:8080`));
  await docker("network", "connect", second, id);
  await docker("network", "disconnect", first, id);
  const address = await addressOf(id, second);
  await eventually(async () => (await router.config()).includes(`${address}:8080`), {
    what: "the new address",
  });
  await router.answers("moved.local");
  await docker("network", "disconnect", second, id);
  await docker("network", "disconnect", second, named);
  await eventually(async () => {
    const statuses = [await router.get("moved.local"), await router.get("choosy.local")].map(({ status }) =>
      status
    );
    return statuses.join() === "404,404";
  }, { what: "containers out of reach to leave" });
});

live("another network that is joined to a container moves it nowhere, and costs no reload", async (stage) => {
  const router = await stage.router();
  const suffix = crypto.randomUUID().slice(0, 8);
  const [first, second] = [await createNetwork(`net1-${suffix}`), await createNetwork(`net2-${suffix}`)];
  const id = await startContainer({ flags: ["--network", second, "--hostname", "stays.local"] });
  await router.answers("stays.local");
  const [used, reloads] = [`${await addressOf(id, second)}:8080`, (await statusOf(router)).reloads];
  const statuses = await askWhile(() => router.get("stays.local"), async () => {
    await docker("network", "connect", first, id);
    await eventually(
      async () => (await statusOf(router)).notices.some(({ message }) => message.includes(first)),
      {
        what: "a word of the network that sorts first",
      },
    );
  });
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.ok((await router.config()).includes(used));
  assert.equal((await statusOf(router)).reloads, reloads);
  await docker("network", "disconnect", second, id);
  const left = await addressOf(id, first);
  await eventually(async () => (await router.config()).includes(`${left}:8080`), {
    what: "the address that is left",
  });
  await router.answers("stays.local");
});

live(
  "an engine's health status decides: starting and unhealthy containers get no requests",
  async (stage) => {
    const router = await stage.router();
    await ready();
    const check = ["--health-cmd", "test -e /well", "--health-interval", "500ms", "--health-retries", "1"];
    const id = await startContainer({ flags: ["-P", "--hostname", "health.local", ...check] });
    await router.answers("health.local", 503);
    const health = () => docker("inspect", "-f", "{{.State.Health.Status}}", id);
    assert.notEqual(await health(), "healthy");
    await docker("exec", id, "touch", "/well");
    await router.answers("health.local");
    assert.equal(await health(), "healthy");
    await docker("exec", id, "rm", "/well");
    await router.answers("health.local", 503);
    assert.equal(await health(), "unhealthy");
    await docker("exec", id, "touch", "/well");
    await router.answers("health.local");
  },
);
