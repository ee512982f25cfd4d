/** The page of `--admin` with thousands of hosts, and in states that are rare: what signalbox tells, without an HAProxy. */
import assert from "node:assert/strict";
import { container, network } from "../core/containers.ts";
import { eventually } from "../harness/eventually.ts";
import { loopStateOf } from "../report/loop_states.ts";
import { opening } from "./browser.ts";
import { isAccessible, keepPicture, openPage, says, turnTo } from "./page_views.ts";
import { inDays, ToldPage } from "./told_page.ts";

const MANY = 5_000;
const containers = Array.from({ length: MANY }, (_, at) => {
  const name = `web-${at}`;
  return container(name, {
    hostname: `host${String(at).padStart(4, "0")}.example.com`,
    image: `registry.example/shop:${at % 7}`,
    labels: { "interlock.port": "80" },
    networks: [network("bridge", `10.${1 + (at >> 14)}.${(at >> 7) & 127}.${1 + (at & 127)}`)],
  });
});

opening(
  "with 5,000 hosts the page is there soon, draws those in sight, and finds each of the others",
  async (open) => {
    await using told = new ToldPage(loopStateOf(containers));
    const { page, troubles } = await openPage(open, told.port);
    await page.locator(".row.route").first().waitFor();
    // Of the browser's own clock: from the navigation to the first rows.
    const first = Number(await page.evaluate("performance.getEntriesByName('first-rows')[0].startTime"));
    console.error(`first rows of ${MANY} hosts after ${Math.round(first)} ms`);
    assert.ok(first < 3_000, `${first} ms`);
    const drawn = await page.locator(".row").count();
    assert.ok(drawn < 80, `${drawn} rows are drawn`);
    assert.equal(await page.getByRole("table").getAttribute("aria-rowcount"), String(MANY + 1));
    await says(page, /5,000 routes/);
    await page.mouse.wheel(0, 200_000);
    await says(page, /host4\d\d\d\.example\.com/, ".rows");
    assert.ok(await page.locator(".row").count() < 80);
    await page.getByRole("searchbox").fill("host4321");
    await says(page, /1 of 5,000 routes/);
    await says(page, /host4321\.example\.com[\s\S]*web-4321/, ".rows");
    await page.getByRole("searchbox").fill("shop:3");
    await says(page, /71\d of 5,000 routes/);
    await keepPicture(page, "page-thousands");
    await isAccessible(page, "thousands of hosts");

    // An event among them is on the screen at once.
    await page.evaluate(`new Promise((done) => {
    window.seen = new Promise((resolve) => new MutationObserver(() => {
      if (document.querySelector("nav .count")) resolve(performance.now());
    }).observe(document.body, { childList: true, subtree: true }));
    done();
  })`);
    const [name = ""] = told.state.model?.backends[0]?.servers.map((server) => server.name) ?? [];
    told.state = { ...told.state, waiting: new Map([[name as never, "it does not answer"]]) };
    const begin = Number(await page.evaluate("performance.now()"));
    told.live.publish();
    const seen = Number(await page.evaluate("window.seen"));
    console.error(`a change among ${MANY} hosts is seen after ${Math.round(seen - begin)} ms`);
    assert.ok(seen - begin < 2_000);
    assert.deepEqual(troubles, []);
  },
);

opening(
  "each server tells its state and why, and what is wrong with all of it stands above",
  async (open) => {
    const some = ["ready", "waits", "drains"].map((name, at) =>
      container(name, { hostname: "shop.example.com", networks: [network("bridge", `172.17.0.${at + 2}`)] })
    );
    const drains = some.find(({ name }) => name === "drains") ?? assert.fail();
    const built = loopStateOf(some, {}, undefined, new Set([drains.id]));
    const nameOf = (container: string) =>
      built.model?.backends[0]?.servers.find((server) => server.containerName === container)?.name ??
        assert.fail();
    await using told = new ToldPage(
      {
        ...built,
        waiting: new Map([[nameOf("waits"), "it is being started"]]),
        trouble: "the new config failed (check): line 3",
      },
      {
        trouble: "the new config failed (check): line 3",
        sources: [{
          name: "tcp://10.0.0.9:2376",
          isConnected: false,
          detail: "connection refused",
          containers: 3,
        }],
        certificates: [
          { name: "shop.pem", origin: "file", hosts: ["shop.example.com"], validTo: inDays(3.5) },
          {
            name: "blog",
            origin: "acme",
            hosts: ["blog.example.com", "www.blog.example.com"],
            validTo: inDays(60.5),
          },
        ],
        acme: {
          authorities: [],
          certificates: [],
          asking: ["new.example.com"],
          waiting: [{ hosts: ["bad.example.com"], why: "NXDOMAIN", until: "2026-11-28T18:00Z" }],
        },
      },
    );
    const { page, troubles } = await openPage(open, told.port);
    await says(page, /not in step[\s\S]*10\.0\.0\.9:2376: not connected \(connection refused\)/);
    await says(page, /Not in step: the new config failed/, "[role=alert]");
    await says(page, /HAProxy tells no figures/);
    await says(page, /1 draining/);
    await says(page, /shop\.example\.com\s*certificate: 3 days/, ".rows");
    await isAccessible(page, "troubles");
    await turnTo(page, "not-served");
    await says(page, /waits of shop\.example\.com is waiting\s+it is being started/);
    await says(page, /drains of shop\.example\.com is draining/);
    await turnTo(page, "certificates");
    await says(page, /\d{4}-\d\d-\d\d 3 days[\s\S]*shop\.pem a file[\s\S]*60 days[\s\S]*fetched/);
    await says(
      page,
      /None for bad\.example\.com before 2026-11-28T18:00Z: NXDOMAIN[\s\S]*Asking for new\.example\.com/,
    );
    await isAccessible(page, "certificates");
    await turnTo(page, "config");
    await says(page, /Cannot read the config/);
    assert.deepEqual(troubles.filter((trouble) => !trouble.includes("500")), []);
  },
);

opening("who was away for long is told that some events are missing", async (open) => {
  await using told = new ToldPage(loopStateOf([container("web")]));
  told.tell({ kind: "drifted", detail: "early" });
  const { page } = await openPage(open, told.port);
  await turnTo(page, "changes");
  await says(page, /early/);
  const show = (state: string) =>
    page.evaluate(
      `Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`,
    );
  await show("hidden");
  for (let count = 0; count < 600; count++) told.tell({ kind: "drifted", detail: `later ${count}` });
  await show("visible");
  await says(page, /Some events are missing/);
  await says(page, /later 599/);
  await eventually(async () => await page.locator(".events li").count() === 500, { what: "500 events" });
});
