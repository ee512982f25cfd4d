/** The page of `--admin` with thousands of hosts, and in states that are rare: what signalbox tells, without an HAProxy. */
import assert from "node:assert/strict";
import page from "#page";
import { systemClock } from "../../lib/clock.ts";
import { History } from "../../lib/core/status/history.ts";
import { putIntoWords } from "../../lib/core/status/put_into_words.ts";
import { factsOf, type LoopState, type Status } from "../../lib/core/status/status.ts";
import { serveAdmin } from "../../lib/report/admin.ts";
import { LiveView } from "../../lib/report/live_view.ts";
import { container, network } from "../core/containers.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { loopStateOf } from "../report/loop_states.ts";
import { statusOf } from "../report/statuses.ts";
import { opening } from "./browser.ts";
import { isAccessible, keepPicture, openPage, says, turnTo } from "./page_views.ts";

/** A page over a state that the test makes up. */
class Told implements AsyncDisposable {
  readonly port = freePort();
  readonly history = new History();
  readonly live: LiveView;
  readonly #server: { close(): Promise<void> };

  constructor(public state: LoopState, readonly status: Partial<Status> = {}) {
    const facts = () =>
      factsOf({ ...statusOf(), ...this.status }, this.state, {
        ...statusOf().haproxy,
        ...this.status.haproxy,
      });
    this.live = new LiveView({
      clock: systemClock,
      history: this.history,
      state: () => this.state,
      facts: () => Promise.resolve({ ...facts(), ...this.status }),
      bindings: () => new Map(),
      prefix: undefined,
    });
    this.#server = serveAdmin({
      clock: systemClock,
      listen: () => Deno.listen({ hostname: "127.0.0.1", port: this.port }),
      status: () => Promise.resolve(statusOf()),
      live: this.live,
      answers: {
        config: () => Promise.reject(new Error("no config")),
        tryRequest: () => ({ ways: [] }),
        inForce: () => undefined,
      },
      page: () => Promise.resolve(page),
      haproxyMetrics: () => Promise.resolve(""),
      monitorHaproxy: () => Promise.resolve(),
      onFailure: () => undefined,
    });
  }

  tell(detail: string): void {
    this.history.note(putIntoWords({ kind: "drifted", detail }), systemClock.date());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.close();
  }
}

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
    await using told = new Told(loopStateOf(containers));
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
    const built = loopStateOf(some);
    const nameOf = (container: string) =>
      built.model?.backends[0]?.servers.find((server) => server.containerName === container)?.name ??
        assert.fail();
    const until = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    await using told = new Told(
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
          { name: "shop.pem", origin: "file", hosts: ["shop.example.com"], validTo: until(3.5) },
          {
            name: "blog",
            origin: "acme",
            hosts: ["blog.example.com", "www.blog.example.com"],
            validTo: until(60.5),
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
    await says(page, /2 ready, 1 waiting/);
    await isAccessible(page, "troubles");
    await turnTo(page, "not-served");
    await says(page, /waits of shop\.example\.com is waiting\s+it is being started/);
    await keepPicture(page, "page-not-served");
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
  await using told = new Told(loopStateOf([container("web")]));
  told.tell("early");
  const { page } = await openPage(open, told.port);
  await turnTo(page, "changes");
  await says(page, /early/);
  const show = (state: string) =>
    page.evaluate(
      `Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`,
    );
  await show("hidden");
  for (let count = 0; count < 600; count++) told.tell(`later ${count}`);
  await show("visible");
  await says(page, /Some events are missing/);
  await says(page, /later 599/);
  await eventually(async () => await page.locator(".events li").count() === 500, { what: "500 events" });
});
