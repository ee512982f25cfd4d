/** The admin page: what it answers, and whom it does not. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import type { Status } from "../../lib/core/status/status.ts";
import { type AdminSettings, serveAdmin } from "../../lib/report/admin.ts";
import type { AdminPassword } from "../../lib/report/password/admin_password.ts";
import { type Answer, freePort, httpGet } from "../harness/http.ts";
import { parseMetrics } from "./prometheus.ts";
import { nobodysLive } from "./lives.ts";
import { statusOf } from "./statuses.ts";

type Ask = (path: string, more?: { method?: string; headers?: Record<string, string> }) => Promise<Answer>;

async function onPage(
  status: () => Status | Promise<Status>,
  act: (ask: Ask, port: number) => Promise<void>,
  given: Partial<AdminSettings> = {},
): Promise<void> {
  const port = freePort();
  const page = serveAdmin({
    clock: systemClock,
    listen: () => Deno.listen({ hostname: "127.0.0.1", port }),
    live: nobodysLive(),
    answers: {
      config: () => Promise.resolve({ files: [{ name: "haproxy.cfg", text: "global" }], diff: "" }),
      tryRequest: (words) => ({ trouble: JSON.stringify(words) }),
      inForce: (key) => key === "a.example/" ? { rules: [], redirects: [] } : undefined,
    },
    page: () =>
      Promise.resolve({ html: "<!doctype html><title>page</title>", policy: "default-src 'none'; x" }),
    status: () => Promise.resolve(status()),
    haproxyMetrics: () => Promise.resolve(""),
    monitorHaproxy: () => Promise.resolve(),
    onFailure: () => undefined,
    ...given,
  });
  try {
    await act((path, more = {}) => httpGet({ port, path, ...more }), port);
  } finally {
    await page.close();
  }
}

const { haproxy } = statusOf();
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

Deno.test("/healthz says that signalbox lives, whatever the state", async () => {
  await onPage(() => statusOf({ reloads: 0, haproxy: { ...haproxy, isServing: false } }), async (ask) => {
    assert.equal((await ask("/healthz")).status, 200);
  });
});

Deno.test("/readyz answers 503 before the first config, and while HAProxy does not serve", async () => {
  let status = statusOf({ reloads: 0, hasConfig: false });
  await onPage(() => status, async (ask) => {
    const early = await ask("/readyz");
    assert.equal(early.status, 503);
    assert.match(early.body, /no config/);
    // What an earlier signalbox left was read back, and needed no reload.
    status = statusOf({ reloads: 0 });
    assert.equal((await ask("/readyz")).status, 200);
    status = statusOf({ haproxy: { ...haproxy, isServing: false } });
    const late = await ask("/readyz");
    assert.equal(late.status, 503);
    assert.match(late.body, /HAProxy does not serve/);
  });
});

Deno.test("/haproxy?monitor tells whether HAProxy answers", async () => {
  let answers = true;
  const ask = () => answers ? Promise.resolve() : Promise.reject(new Error("nobody there"));
  await onPage(
    () => statusOf(),
    async (get) => {
      assert.equal((await get("/haproxy?monitor")).status, 200);
      answers = false;
      assert.equal((await get("/haproxy?monitor")).status, 503);
      assert.equal((await get("/haproxy?other")).status, 404);
      assert.equal((await get("/healthz?any")).status, 200);
    },
    { monitorHaproxy: ask },
  );
});

Deno.test("/metrics has our metrics and then HAProxy's own", async () => {
  const theirs = "# HELP haproxy_up Up.\n# TYPE haproxy_up gauge\nhaproxy_up 1\n";
  await onPage(() => statusOf(), async (ask) => {
    const answer = await ask("/metrics");
    assert.match(answer.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/);
    const names = parseMetrics(answer.body).map(({ name }) => name);
    assert.ok(names.includes("signalbox_in_step") && names.includes("haproxy_up"));
  }, { haproxyMetrics: () => Promise.resolve(theirs) });
});

Deno.test("/metrics answers with ours alone where HAProxy gives none", async () => {
  await onPage(() => statusOf(), async (ask) => {
    const answer = await ask("/metrics");
    assert.equal(answer.status, 200);
    assert.ok(parseMetrics(answer.body).length > 5);
  }, { haproxyMetrics: () => Promise.reject(new Error("no socket")) });
});

Deno.test("a status that cannot be read is a 500 that tells nothing of the inside", async () => {
  await onPage(() => Promise.reject(new Error("secret path /root/x")), async (ask) => {
    const answer = await ask("/");
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.body, /secret|\/root/);
  });
});

Deno.test("/ is the page for a browser and the status for others, and any other path is not found", async () => {
  await onPage(() => statusOf(), async (ask) => {
    assert.match((await ask("/")).body, /^signalbox 1\.2\.3, pid 4/);
    assert.match((await ask("/", { headers: { accept: "*/*" } })).body, /^signalbox 1\.2\.3, pid 4/);
    const { body, headers } = await ask("/", { headers: BROWSER });
    assert.equal(body, "<!doctype html><title>page</title>");
    assert.match(headers["content-type"] ?? "", /^text\/html; charset=utf-8$/);
    assert.equal(headers["content-security-policy"], "default-src 'none'; x");
    assert.deepEqual(JSON.parse((await ask("/config")).body).files, [{
      name: "haproxy.cfg",
      text: "global",
    }]);
    assert.deepEqual(JSON.parse((await ask("/in-force?route=a.example%2F")).body), {
      rules: [],
      redirects: [],
    });
    assert.equal(JSON.parse((await ask("/in-force?route=b")).body), null);
    const tried = JSON.parse((await ask("/try?url=http%3A%2F%2Fa%2F%3Fx%26y&headers=A%3A%20b")).body);
    assert.deepEqual(JSON.parse(tried.trouble), {
      url: "http://a/?x&y",
      method: "",
      headers: "A: b",
      from: "",
    });
    assert.equal((await ask("/hand-over")).status, 404);
    assert.equal((await ask("/status")).status, 404);
  });
});

Deno.test("only GET and HEAD are answered: nothing here changes anything", async () => {
  let asked = 0;
  await onPage(() => {
    asked++;
    return statusOf();
  }, async (ask) => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      assert.equal((await ask("/", { method })).status, 405, method);
    }
    assert.equal(asked, 0);
    assert.equal((await ask("/healthz", { method: "HEAD" })).status, 200);
  });
});

Deno.test("a name that may be rebound to this address is refused as Host", async () => {
  await onPage(() => statusOf(), async (ask, port) => {
    const refused = ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "1.2.3.4x", "x."];
    for (const host of refused) {
      for (const path of ["/", "/metrics", "/readyz", "/healthz"]) {
        assert.equal((await ask(path, { headers: { host } })).status, 421, host + path);
      }
    }
    const taken = [
      `127.0.0.1:${port}`,
      "localhost",
      `LOCALHOST:${port}`,
      "[::1]",
      "signalbox:9000",
      Deno.hostname(),
    ];
    for (const host of taken) {
      assert.equal((await ask("/", { headers: { host } })).status, 200, host);
    }
  });
});

Deno.test("what a page of another site asks for is refused", async () => {
  await onPage(() => statusOf(), async (ask) => {
    const others: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ];
    for (const headers of others) {
      const { status, body } = await ask("/", { headers });
      assert.equal(status, 403, JSON.stringify(headers));
      assert.doesNotMatch(body, /pid/);
    }
    // A link may stand anywhere: who follows it sees the page, and the other site does not.
    const link = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    assert.equal((await ask("/", { headers: { ...link, ...BROWSER } })).status, 200);
    for (const path of ["/live", "/config", "/metrics"]) {
      assert.equal((await ask(path, { headers: link })).status, 403, path);
    }
    for (const path of ["/live", "/config", "/"]) {
      assert.equal((await ask(path, { headers: { ...link, "sec-fetch-dest": "iframe" } })).status, 403, path);
    }
    for (const site of ["none", "same-origin"]) {
      assert.equal((await ask("/", { headers: { "sec-fetch-site": site } })).status, 200, site);
    }
  });
});

Deno.test("no other site may frame, sniff, cache or embed it", async () => {
  await onPage(() => statusOf(), async (ask) => {
    const { headers } = await ask("/");
    assert.match(headers["content-security-policy"] ?? "", /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.equal(headers["access-control-allow-origin"], undefined);
  });
});

Deno.test("/live goes on until the reader goes, and a reader that comes back names what it knows", async () => {
  await onPage(() => statusOf(), async (_, port) => {
    const ask = async (more: string) => {
      const connection = await Deno.connect({ port });
      const text = `GET /live${more} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
      await connection.write(new TextEncoder().encode(text));
      return connection;
    };
    const connection = await ask("");
    const reader = connection.readable.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    while (!heard.includes("event: picture")) heard += (await reader.read()).value ?? assert.fail();
    assert.match(heard, /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-type: text\/event-stream\r\n/);
    assert.doesNotMatch(heard, /content-length/);
    await reader.cancel();
    // As many again and again as there are places: each reader that went has left its own.
    for (let count = 0; count < 100; count++) (await ask("?after=5")).close();
    const last = await ask("?after=abc");
    const [first] = await Array.fromAsync(take(last.readable, 1));
    assert.match(new TextDecoder().decode(first), /^HTTP\/1\.1 200/);
  });
});

async function* take<T>(stream: ReadableStream<T>, count: number): AsyncGenerator<T> {
  for await (const each of stream) {
    yield each;
    if (--count === 0) return;
  }
}

Deno.test("HEAD of /live ends, and nobody begins to look", async () => {
  await onPage(() => statusOf(), async (ask) => {
    assert.equal((await ask("/live", { method: "HEAD" })).status, 200);
  });
});

Deno.test("with a password, health alone is for everybody", async () => {
  const judged: (string | null)[] = [];
  const judge = (authorization: string | null) => {
    judged.push(authorization);
    return Promise.resolve(authorization === "Basic right" ? "in" : authorization === null ? "out" : "later");
  };
  await onPage(() => statusOf(), async (ask) => {
    for (const path of ["/healthz", "/readyz", "/haproxy?monitor"]) {
      assert.equal((await ask(path)).status, 200, path);
    }
    assert.deepEqual(judged, []);
    for (const path of ["/", "/metrics", "/config", "/live", "/try", "/in-force", "/none", "/haproxy"]) {
      const { status, headers, body } = await ask(path);
      assert.deepEqual([status, body], [401, "a password is needed\n"], path);
      assert.match(headers["www-authenticate"] ?? "", /^Basic realm="signalbox"/);
    }
    const wrong = await ask("/", { headers: { authorization: "Basic wrong" } });
    assert.deepEqual([wrong.status, wrong.headers["retry-after"]], [429, "10"]);
    assert.equal((await ask("/config", { headers: { authorization: "Basic right" } })).status, 200);
    // The host is looked at first: a page of another name learns nothing, not even that a password is asked for.
    assert.equal((await ask("/", { headers: { host: "evil.example" } })).status, 421);
  }, { password: { judge: judge as AdminPassword["judge"] } });
});

Deno.test("at a socket, whatever name a proxy has is taken, and other sites are refused all the same", async () => {
  await onPage(() => statusOf(), async (ask) => {
    assert.equal((await ask("/", { headers: { host: "signalbox.example.com" } })).status, 200);
    assert.equal((await ask("/", { headers: { origin: "https://evil.example" } })).status, 403);
  }, { isOnSocket: true });
});

Deno.test("many who ask at once for what takes long to make share it, and do not hold one another up", async () => {
  let made = 0;
  const release = Promise.withResolvers<void>();
  const haproxyMetrics = async () => {
    await release.promise;
    return `haproxy_made ${++made}\n`;
  };
  await onPage(() => statusOf(), async (ask) => {
    const first = ask("/metrics");
    const others = Array.from({ length: 20 }, (_, at) => ask(`/metrics?x=${at}`));
    assert.equal((await ask("/healthz")).status, 200);
    release.resolve();
    const answers = await Promise.all([first, ...others]);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.match(answers[0]?.body ?? "", /haproxy_made 1\n$/);
    assert.ok(made <= 3, `${made}`);
  }, { haproxyMetrics });
});

Deno.test("while HAProxy leaves /metrics without an answer, what does not need HAProxy is answered", async () => {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<string>();
  const haproxyMetrics = () => {
    asked.resolve();
    return release.promise;
  };
  // HAProxy lets both wait: they are asked for at the same time.
  const status = () => asked.promise.then(() => statusOf());
  await onPage(status, async (ask) => {
    const metrics = ask("/metrics");
    await asked.promise;
    for (const path of ["/config", "/in-force?route=a.example/", "/try?url=a.example"]) {
      assert.equal((await ask(path)).status, 200, path);
    }
    release.resolve("haproxy_up 1\n");
    assert.match((await metrics).body, /haproxy_up 1\n$/);
  }, { haproxyMetrics });
});
