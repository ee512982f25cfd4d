/**
 * The pictures of the page in docs/pictures: `SIGNALBOX_TEST_SCREENSHOTS=docs/pictures scripts/dev test tests/live/page` makes them
 * anew. Each is of a page over a state that is made up, so that it shows much and names no machine.
 */
import assert from "node:assert/strict";
import type { Statistics } from "../../lib/core/runtime/statistics.ts";
import { container, network, tcp } from "../core/containers.ts";
import { eventually } from "../harness/eventually.ts";
import { loopStateOf } from "../report/loop_states.ts";
import { statusOf } from "../report/statuses.ts";
import { opening } from "./browser.ts";
import { keepPicture, openPage, PICTURES, says, turnTo } from "./page_views.ts";
import { inDays, ToldPage } from "./told_page.ts";

/** A few containers as teams have them: one that starts, one that ends, one that is left out, and a slip. */
const SOME = [
  ["shop-1", { hostname: "shop.example.com", labels: { "interlock.rate_limit": "100/10s" } }],
  ["shop-2", { hostname: "shop.example.com" }],
  ["shop-3", { hostname: "shop.example.com" }],
  ["api", {
    hostname: "shop.example.com",
    labels: { "interlock.context_root": "/api", "interlock.allow_from": "10.0.0.0/8" },
  }],
  ["blog", {
    hostname: "blog.example.com",
    labels: { "interlock.redirect": "old.example.com blog.example.com 301" },
  }],
  ["wiki", { hostname: "wiki.example.com" }],
  ["mail", { hostname: "mail", labels: { "interlock.hostnam": "mail.example.com" } }],
  ["queue", { hostname: "queue.example.com", labels: { "interlock.port": "9" }, exposed: tcp(8_080) }],
] as const;

const containers = SOME.map(([name, given], at) =>
  container(name, {
    image: `registry.example/${name.replace(/-\d$/, "")}:7`,
    networks: [network("bridge", `172.17.0.${at + 2}`)],
    ...given,
  })
);

/** How many requests there were at each look; the figures of a server are those of its backend, shared. */
function counting(state: ReturnType<typeof loopStateOf>): () => Promise<Statistics> {
  let looks = 0;
  return () => {
    looks++;
    const wave = Array.from({ length: looks }, (_, at) => 1 + Math.sin(at / 3) / 4).reduce(
      (a, b) => a + b,
      0,
    );
    const counters = (perLook: number, errors = 0) => ({
      requests: Math.round(perLook * wave),
      errors: errors * looks,
      sessions: Math.round(perLook / 40),
      queued: 0,
      bytesOut: 0,
      answerMs: 4 + Math.round(perLook / 60),
      totalMs: 9,
    });
    const sections = (state.model?.backends ?? []).map(({ name, servers }, at) => {
      const busy = [240, 610, 37, 5][at] ?? 0;
      const ready = servers.filter(({ name, gate }) => gate === "open" && !state.waiting.has(name));
      const own = servers.map((server) => {
        const part = ready.includes(server) ? busy / ready.length : 0;
        return [server.name, { ...counters(part), status: "UP" }] as const;
      });
      return [name, { ...counters(busy, at === 1 ? 3 : 0), servers: new Map(own) }] as const;
    });
    return Promise.resolve({ clients: counters(892), sections: new Map(sections) });
  };
}

function toldPage(): ToldPage {
  const idOf = (name: string) => containers.find((each) => each.name === name)?.id ?? assert.fail(name);
  const built = loopStateOf(containers, {}, undefined, new Set([idOf("shop-3")]));
  const servers = built.model?.backends.flatMap((backend) => backend.servers) ?? [];
  const starting = servers.find(({ containerName }) => containerName === "shop-2")?.name ?? assert.fail();
  const state = { ...built, waiting: new Map([[starting, "shop-2:80 refuses connections"]]) };
  const status = {
    version: "0.1.0",
    sources: [{
      name: "unix:///var/run/docker.sock",
      isConnected: true,
      detail: "20.10, API 1.41",
      containers: SOME.length,
    }],
    haproxy: { ...statusOf().haproxy, version: "2.6.12" },
    certificates: [
      {
        name: "shop.example.com",
        origin: "acme" as const,
        hosts: ["shop.example.com"],
        validTo: inDays(61.5),
      },
      { name: "wiki.pem", origin: "file" as const, hosts: ["wiki.example.com"], validTo: inDays(6.5) },
    ],
  };
  return new ToldPage(state, status, { statistics: counting(state) });
}

if (PICTURES !== undefined) {
  opening("pictures of the routes on a desktop and a phone, and of what is not served", async (open) => {
    await using told = toldPage();
    const { page, troubles } = await openPage(open, told.port);
    await page.setViewportSize({ width: 1_100, height: 640 });
    await says(page, /shop\.example\.com[\s\S]*1 ready, 1 waiting, 1 draining[\s\S]*certificate: 6 days/);
    // Some looks make a line.
    const line = page.locator("header .spark polyline");
    await eventually(async () => (await line.getAttribute("points") ?? "").split(" ").length > 7, {
      what: "a line of figures",
      limitMs: 60_000,
    });
    await keepPicture(page, "page-routes");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 760 });
    await keepPicture(page, "page-phone");
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1_100, height: 640 });
    await turnTo(page, "not-served");
    await says(page, /Line to add/);
    await page.mouse.move(0, 0);
    await keepPicture(page, "page-not-served");
    assert.deepEqual(troubles, []);
  });
}
