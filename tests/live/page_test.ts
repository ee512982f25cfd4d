/** The page of `--admin` in a real browser, against a signalbox that runs: each view, each state. */
import assert from "node:assert/strict";
import { docker, startContainer, TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { FaultStage, type Wanted } from "../faults/stage.ts";
import { browsing, opening } from "./browser.ts";
import { isAccessible, keepPicture, openPage, says, turnTo, VIEWS } from "./page_views.ts";

/** A signalbox with its page, on a snapshot that the test changes. */
async function served(wanted: readonly Wanted[], ...flags: readonly string[]) {
  const stage = await FaultStage.open(...wanted);
  const port = freePort();
  const start = () => stage.start(["--admin", `127.0.0.1:${port}`, ...flags]);
  const program = start();
  const [first] = wanted;
  if (first !== undefined) await stage.answers(first.host);
  else await program.waitForEntry({ event: "reloaded" });
  return { stage, port, program, start };
}

const SHOP: readonly Wanted[] = [
  {
    host: "shop.example",
    data: { alias_domains: ["www.example"], allow_from: ["127.0.0.0/8"], rate_limit: "1000/10s" },
  },
  { host: "blog.example", data: { redirects: ["old.example blog.example 301"] } },
  { host: "api.example", data: { context_root: "/v1", oops: 1 } },
  // It answers nothing at the port that it names.
  { host: "slow.example", data: { check: "httpchk GET /none", warm: true, port: 9 } },
];

opening(
  "each view shows what it is about, on a desktop and a phone, in light and dark, and axe finds nothing",
  async (open) => {
    const { stage, port } = await served(SHOP);
    await using _ = stage;
    const { page, troubles } = await openPage(open, port);
    await says(page, /shop\.example[\s\S]*1 ready/);
    await says(page, /old\.example[\s\S]*to blog\.example \(301\)/);
    await turnTo(page, "not-served");
    await says(page, /slow serves nothing|slow .*it has no port 9/s);
    await says(page, /Line to add: interlock\.port=\d+/);
    await says(page, /warning: api: key "oops" of INTERLOCK_DATA is not known/);
    await turnTo(page, "changes");
    await says(page, /reloaded HAProxy/);
    await turnTo(page, "certificates");
    await says(page, /No certificate is served here/);
    await turnTo(page, "config");
    await says(page, /frontend _web/, "main");
    await turnTo(page, "try");
    await page.getByLabel("Address", { exact: true }).fill(`http://www.example:${stage.port}/x`);
    await page.getByLabel("Client's address").fill("10.0.0.7");
    await page.getByRole("button", { name: "Try" }).click();
    await says(page, /answers refuses clients of 10\.0\.0\.7[\s\S]*Answer: 403/);
    await page.getByLabel("Client's address").fill("127.0.0.1");
    await page.getByRole("button", { name: "Try" }).click();
    await says(
      page,
      /counts requests of each client[\s\S]*Answer: the container of shop\.example[\s\S]*gets traffic/,
    );
    await page.emulateMedia({ colorScheme: "dark" });
    await keepPicture(page, "page-try", "main");
    await page.getByLabel("Headers, one a line").fill("Authorization: Basic eA==");
    await page.getByRole("button", { name: "Try" }).click();
    await says(page, /the page tries no passwords/);

    for (const [colorScheme, width] of [["light", 1280], ["dark", 390]] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      for (const view of VIEWS) {
        await turnTo(page, view);
        await isAccessible(page, `${view} ${colorScheme} ${width}`);
        const used = await page.evaluate("document.documentElement.scrollWidth");
        assert.ok(Number(used) <= width, `${view} is ${used} wide on ${width}`);
      }
    }
    assert.deepEqual(troubles, []);
  },
);

opening(
  "figures come while somebody looks, rows are sorted and searched, and one route is told in full",
  async (open) => {
    const { stage, port } = await served(SHOP, "--access-log", "all");
    await using _ = stage;
    const { page, troubles } = await openPage(open, port);
    await says(page, /p50 \/ p95 ms/);
    const row = page.locator(".row.route", { hasText: "shop.example" });
    await eventually(async () => {
      for (let count = 0; count < 20; count++) await stage.get("shop.example");
      await stage.get("nobody.example");
      return /[1-9]/.test(await row.locator(".requests").innerText());
    }, { what: "requests to be counted" });
    await eventually(async () => /\d+ \/ \d+/.test(await row.locator(".latency").innerText()), {
      what: "percentiles of the access log",
    });
    await page.getByRole("button", { name: "Requests/s" }).click();
    await eventually(async () => {
      await stage.get("blog.example");
      return /shop\.example|www\.example|blog\.example/.test(
        await page.locator(".row.route").first().innerText(),
      );
    }, { what: "the busiest to be in front" });
    await page.getByRole("searchbox").fill("shop allow_from");
    await says(page, /2 of \d+ routes/);
    await page.getByRole("button", { name: "www.example", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await says(page, /The same containers serve[\s\S]*shop\.example/, "dialog");
    await says(page, /allow_from[\s\S]*127\.0\.0\.0\/8[\s\S]*INTERLOCK_DATA/, "dialog");
    await says(page, /100% of the requests[\s\S]*INTERLOCK_DATA=\{/, "dialog");
    await isAccessible(page, "the details of a route");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.deepEqual(troubles, []);
  },
);

opening("a change is on the screen at once, and so is what it made of the config", async (open) => {
  const { stage, port } = await served([{ host: "shop.example" }]);
  await using _ = stage;
  const { page, troubles } = await openPage(open, port);
  await stage.want({ host: "shop.example" }, { host: "new.example" });
  await says(page, /new\.example[\s\S]*1 ready/);
  await turnTo(page, "changes");
  await says(page, /changed HAProxy|added|new\.example/);
  await turnTo(page, "config");
  await says(page, /\+new\.example\//, ".diff");
  await page.getByLabel("File").selectOption("hosts.map");
  await says(page, /^new\.example\/ /m, "pre:not(.diff)");
  await stage.want({ host: "new.example" });
  await says(page, /-shop\.example\//, ".diff");
  await turnTo(page, "routes");
  await eventually(async () => !(await page.locator("main").innerText()).includes("shop.example"), {
    what: "the route that went to be gone",
  });
  assert.deepEqual(troubles, []);
});

opening(
  "the page says when it is cut off, and comes back by itself with what it has missed, each event once",
  async (open) => {
    const { stage, port, program, start } = await served([{ host: "shop.example" }]);
    await using _ = stage;
    const { page } = await openPage(open, port);
    await turnTo(page, "changes");
    await says(page, /reloaded HAProxy/);
    program.kill("SIGKILL");
    await says(page, /cut off, trying again/);
    await says(page, /What you see is from \d\d:\d\d:\d\d/);
    await isAccessible(page, "cut off");
    const next = start();
    await next.waitForEntry({ event: "adopted" });
    await page.locator(".connection.live").waitFor();
    await says(page, /adopted the running HAProxy/);
    const times = await page.evaluate<string[]>(
      "[...document.querySelectorAll('.events time')].map((each) => each.dateTime)",
    );
    assert.deepEqual(times, times.toSorted().reverse(), "the newest first");
    const starts = (await page.locator(".events").innerText()).match(/signalbox \S+ starts/g) ?? [];
    assert.equal(starts.length, 2, "that of before the cut, and that of the next signalbox");
  },
);

opening("nobody is asked for a page that nobody sees, and it goes on when it is seen again", async (open) => {
  const { stage, port } = await served([{ host: "shop.example" }]);
  await using _ = stage;
  const { page } = await openPage(open, port);
  const show = (state: string) =>
    page.evaluate(
      `Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`,
    );
  await show("hidden");
  await says(page, /paused/, ".connection");
  await stage.want({ host: "shop.example" }, { host: "new.example" });
  await stage.answers("new.example");
  await show("visible");
  await page.locator(".connection.live").waitFor();
  await says(page, /new\.example/);
});

opening("what containers call themselves is text, and never a part of the page", async (open) => {
  const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202e';
  const stage = await FaultStage.open();
  await using _ = stage;
  const port = freePort();
  const inspected = {
    Id: "ab".repeat(32),
    Name: `/${evil}`,
    Created: "2024-05-01T10:00:00Z",
    State: { Status: "running", StartedAt: "2024-05-01T10:00:01Z" },
    Config: {
      Hostname: "evil.example",
      Image: evil,
      Labels: {
        "interlock.port": "80",
        [`interlock.${evil}`]: evil,
        "interlock.check": `httpchk GET /${evil}`,
      },
      ExposedPorts: { "80/tcp": {} },
    },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Ports: {}, Networks: { [evil]: { IPAddress: "127.20.0.2" } } },
  };
  await Deno.writeTextFile(`${stage.folder}/snapshot.json`, JSON.stringify([inspected]));
  stage.start(["--admin", `127.0.0.1:${port}`]);
  await eventually(async () => (await stage.status()).routes.length > 0, { what: "the route to be there" });
  const { page, troubles } = await openPage(open, port);
  for (const view of VIEWS) {
    await turnTo(page, view);
    await page.waitForLoadState("networkidle").catch(() => undefined);
    assert.equal(await page.locator("img, iframe, main script, [onerror]").count(), 0, view);
  }
  await turnTo(page, "not-served");
  await says(page, /<img src=x onerror="alert\(1\)">/);
  await turnTo(page, "routes");
  await page.getByRole("searchbox").fill("<script>");
  await page.getByRole("button", { name: "evil.example", exact: true }).click();
  await says(page, /image <img src=x/, "dialog");
  assert.deepEqual(troubles, []);
});

opening("the page works by the keyboard alone", async (open) => {
  const { stage, port } = await served(SHOP);
  await using _ = stage;
  const { page } = await openPage(open, port);
  const focused = () => page.evaluate("document.activeElement.textContent.trim()");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate("document.activeElement.id"), "main");
  await page.keyboard.press("Tab");
  await page.keyboard.type("shop");
  await says(page, /2 of \d+ routes/);
  const reach = async (text: string) => {
    for (let count = 0; count < 40; count++) {
      if (await focused() === text) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`the keyboard does not reach ${text}`);
  };
  await reach("shop.example");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await eventually(async () => await focused() === "shop.example", { what: "the focus to come back" });
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  await eventually(async () => await page.locator(".row.server").count() < 2, {
    what: "the containers to be folded",
  });
});

opening("with a password the browser is let in once for the page and for what it follows", async (open) => {
  const stage = await FaultStage.open({ host: "shop.example" });
  await using _ = stage;
  const file = await stage.write("users", "ann:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n");
  const port = freePort();
  stage.start(["--admin", `127.0.0.1:${port}`, "--admin-password-file", file]);
  await stage.answers("shop.example");
  const { page, troubles } = await openPage(open, port, {
    httpCredentials: { username: "ann", password: "secret" },
  });
  await says(page, /shop\.example[\s\S]*1 ready/);
  await turnTo(page, "config");
  await says(page, /frontend _web/, "main");
  assert.deepEqual(troubles, []);
});

browsing(
  "a container that starts is on the screen as it comes, with the time from the engine's event",
  async (stage, open) => {
    const port = freePort();
    const router = await stage.router({ flags: ["--admin", `127.0.0.1:${port}`] });
    const { page, troubles } = await openPage(open, port);
    await says(page, /No container is routed yet/);
    const id = await startContainer({ flags: ["--name", "page-new", "--hostname", "page.local"] });
    await router.answers("page.local");
    await says(page, /page\.local[\s\S]*1 ready[\s\S]*page-new/);
    await page.getByRole("searchbox").fill(TINY.split(":")[0] ?? "");
    await says(page, /1 of 1 route/);
    await turnTo(page, "changes");
    await eventually(async () => /^[\d.]+ ms$/m.test(await page.locator(".events").innerText()), {
      what: "the time from the event to HAProxy",
    });
    await docker("rm", "-f", id);
    await turnTo(page, "routes");
    await says(page, /Nothing has all of these words|No container is routed yet/);
    assert.deepEqual(troubles, []);
  },
);
