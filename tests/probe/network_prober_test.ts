import assert from "node:assert/strict";
import { checkRequest } from "../../lib/core/keys/health_check.ts";
import { systemClock } from "../../lib/clock.ts";
import type { HostName } from "../../lib/core/values/names.ts";
import type { Clock, ProbeTarget } from "../../lib/ports.ts";
import { NetworkProber } from "../../lib/probe/network_prober.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { target as anyTarget } from "./targets.ts";

/** A clock that only sleeping moves; it notes how long each sleep was. */
class SleepingClock implements Clock {
  readonly sleeps: { readonly at: number; readonly ms: number }[] = [];
  #now = 0;
  onSleep: () => void = () => undefined;

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(this.#now);
  }

  /** A try has all the time that it needs. */
  after(ms: number, callback: () => void): () => void {
    return ms === 0 ? systemClock.after(0, callback) : () => undefined;
  }

  sleep(ms: number): Promise<void> {
    this.sleeps.push({ at: this.#now, ms });
    this.#now += ms;
    this.onSleep();
    return Promise.resolve();
  }
}

const host = "a.b" as HostName;

const target = (port: number): ProbeTarget => anyTarget({ container: `behind ${port}`, port });

Deno.test("a container is asked again after an eighth of the time that it has been asked for, and at least every second", async () => {
  const clock = new SleepingClock();
  const ending = new AbortController();
  clock.onSleep = () => {
    if (clock.now() > 70_000) ending.abort();
  };
  const heard: number[] = [];
  const proving = new NetworkProber(clock).prove(
    target(freePort()),
    (why, askedMs) => {
      assert.match(why, /^127\.0\.0\.1:\d+ refuses connections$/);
      heard.push(askedMs);
    },
    ending.signal,
  );
  await assert.rejects(proving);
  for (const { at, ms } of clock.sleeps) {
    const expected = at > 20_000 ? 1_000 : Math.min(100, Math.max(1, at / 8));
    assert.equal(ms, expected, `after ${at} ms`);
  }
  assert.deepEqual(heard, clock.sleeps.map(({ at }) => at));
});

Deno.test("one that does not warm up within a minute is asked for an HTTP answer every ten seconds", async () => {
  const clock = new SleepingClock();
  const ending = new AbortController();
  clock.onSleep = () => {
    if (clock.now() > 100_000) ending.abort();
  };
  const warmed = { ...target(freePort()), lateMs: 10_000 };
  await assert.rejects(new NetworkProber(clock).prove(warmed, () => undefined, ending.signal));
  const paces = new Map(
    clock.sleeps.map(({ at, ms }) => [at < 20_000 ? "quick" : at < 60_000 ? "calm" : "late", ms]),
  );
  assert.deepEqual([paces.get("calm"), paces.get("late")], [1_000, 10_000]);
});

Deno.test("many containers that wait are asked in turn", async () => {
  const clock = new SleepingClock();
  const prober = new NetworkProber(clock);
  const ending = new AbortController();
  clock.onSleep = () => {
    if (clock.sleeps.length > 2_000) ending.abort();
  };
  const port = freePort();
  const proving = Array.from(
    { length: 50 },
    (_, at) => prober.prove({ ...target(port), container: `${at}` }, () => undefined, ending.signal),
  );
  await Promise.allSettled(proving);
  const shortest = Math.min(...clock.sleeps.slice(0, 1_500).map(({ ms }) => ms));
  assert.ok(shortest >= 49, `one was asked again after ${shortest} ms`);
});

Deno.test("containers that wait for long hold up none that has just begun", async () => {
  let [now, tries, hasBegun] = [0, 0, false];
  let own: number | undefined;
  const ending = new AbortController();
  const port = freePort();
  const sleep = (ms: number) => {
    tries++;
    // Those of before are asked ever more rarely by then.
    if (hasBegun && ms < 100) own ??= ms;
    if (own !== undefined || tries > 1_000) ending.abort();
    if (now === 0 && tries === 50) now = 2_000;
    if (tries === 150) {
      hasBegun = true;
      prove().catch(() => undefined);
    }
    return Promise.resolve();
  };
  const prober = new NetworkProber({ ...systemClock, now: () => now, sleep });
  const prove = () => prober.prove(target(port), () => undefined, ending.signal);
  const proving = Array.from({ length: 50 }, prove);
  await Promise.allSettled(proving);
  assert.equal(own, 1, "it is asked again after a millisecond, as if it were alone");
});

Deno.test("a published port is proved by a connection that stays open, and not by one that is closed at once", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const published = { ...target(port), via: "published" } as const;
  // Docker's proxy accepts, finds nobody behind it, and closes.
  const first = listener.accept().then((connection) => connection.close());
  const kept: Deno.Conn[] = [];
  const others = first.then(async () => {
    for await (const connection of listener) kept.push(connection);
  }).catch(() => undefined);
  const why: string[] = [];
  const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(Math.min(ms, 20)) };
  await new NetworkProber(clock).prove(published, (reason) => why.push(reason), AbortSignal.any([]));
  assert.deepEqual([why.length, kept.length], [1, 1], why.join());
  for (const connection of kept) connection.close();
  listener.close();
  await others;
});

Deno.test("a published port that closed while signalbox was too busy to look is proved by no connection", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const ending = new AbortController();
  const why: string[] = [];
  // The time is over in the moment in which the connection is closed: the timer is looked at before the connection.
  const sleep = async (ms: number) => {
    if (ms === 0) return await systemClock.sleep(0);
    if (why.length === 0) (await listener.accept()).close();
  };
  const proving = new NetworkProber({ ...systemClock, sleep }).prove(
    { ...target(port), via: "published" },
    (reason) => {
      why.push(reason);
      ending.abort();
    },
    ending.signal,
  );
  await assert.rejects(proving);
  assert.deepEqual(why, [`127.0.0.1:${port} closes connections at once`]);
  listener.close();
});

Deno.test("a container that listens is proved by one connection, which is closed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accepted = listener.accept();
  const clock = new SleepingClock();
  await new NetworkProber(clock).prove(target(port), () => assert.fail("it listens"), AbortSignal.any([]));
  using connection = await accepted;
  assert.equal(await connection.read(new Uint8Array(1)), null);
  assert.deepEqual(clock.sleeps, []);
});

Deno.test("a container with an HTTP check is ready once the check would succeed, and after it has warmed up", async () => {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, (request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname} ${request.headers.get("x-asked") ?? ""}`);
    const status = request.method === "GET" ? 500 : asked.length < 5 ? 503 : 204;
    return new Response(status === 204 ? null : "", { status });
  });
  const check = checkRequest({
    option: "httpchk HEAD /ready HTTP/1.1",
    lines: ["send hdr X-Asked often hdr Host a.b"],
  }, host);
  const warm = "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n";
  const questions = [{ request: warm, isAnyRight: true }, {
    request: check ?? "",
    isAnyRight: false,
  }];
  const why: string[] = [];
  const clock = { ...systemClock, sleep: (ms: number) => systemClock.sleep(Math.min(ms, 1)) };
  const at = { ...target(server.addr.port), questions };
  await new NetworkProber(clock).prove(at, (reason) => why.push(reason), AbortSignal.any([]));
  assert.deepEqual(asked.slice(0, 2), ["GET / ", "HEAD /ready often"]);
  assert.deepEqual(why, Array(2).fill(`127.0.0.1:${server.addr.port} answers 503`));
  await server.shutdown();
});

Deno.test("a check that is not HTTP's asks nothing over HTTP, and one that names nothing asks OPTIONS /", () => {
  assert.equal(checkRequest({ option: undefined, lines: [] }, host), undefined);
  assert.equal(checkRequest({ option: "redis-check", lines: [] }, host), undefined);
  assert.equal(
    checkRequest({ option: "httpchk", lines: [] }, host),
    "OPTIONS / HTTP/1.0\r\nConnection: close\r\n\r\n",
  );
});

Deno.test("a published port is proved at the container's own address, where that can be reached", async () => {
  // Behind the published port nobody listens yet, and Docker accepts for it all the same.
  using published = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const own = { hostname: "127.0.0.1", port: freePort() };
  const at = { ...target((published.addr as Deno.NetAddr).port), via: "published", own } as const;
  const clock = new SleepingClock();
  let listener: Deno.Listener | undefined;
  const why: string[] = [];
  clock.onSleep = () => listener ??= clock.sleeps.length < 3 ? undefined : Deno.listen(own);
  await new NetworkProber(clock).prove(at, (reason) => why.push(reason), AbortSignal.any([]));
  assert.deepEqual(why, Array(3).fill(`127.0.0.1:${own.port} refuses connections`));
  listener?.close();
});

/** Accepts connections and never answers; counts those that it holds. */
class Tarpit implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly port = (this.#listener.addr as Deno.NetAddr).port;
  readonly #ended: Promise<unknown>[] = [];
  held = 0;
  mostHeld = 0;

  readonly #accepting = (async () => {
    for await (const connection of this.#listener) {
      this.mostHeld = Math.max(this.mostHeld, ++this.held);
      this.#ended.push(this.#hold(connection));
    }
  })();

  async #hold(connection: Deno.Conn): Promise<void> {
    const bytes = new Uint8Array(512);
    while (await connection.read(bytes).catch(() => null) !== null) { /* It never answers. */ }
    connection.close();
    this.held--;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.#ended);
  }
}

const question = { request: "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n", isAnyRight: true };

Deno.test("one container with many routes that never answers holds two tries at a time, however many there are", async () => {
  await using tarpit = new Tarpit();
  await using honest = new Tarpit();
  using ending = untilTheEnd();
  const prober = new NetworkProber(systemClock);
  const at = { ...target(tarpit.port), questions: [question] };
  const proving = Array.from({ length: 300 }, () => prober.prove(at, () => undefined, ending.signal));
  await eventually(() => tarpit.held === 2, { what: "two tries that are held" });
  await prober.prove(target(honest.port), () => assert.fail("it listens"), ending.signal);
  assert.equal(tarpit.mostHeld, 2);
  ending.abort();
  await Promise.allSettled(proving);
});

Deno.test("a new container is proved at once beside two thousand that never answer, while these hold their tries", async () => {
  await using tarpit = new Tarpit();
  await using honest = new Tarpit();
  using ending = untilTheEnd();
  const prober = new NetworkProber(systemClock);
  const failed = new Set<number>();
  const proving = Array.from({ length: 2_000 }, (_, at) => {
    const hostile = { ...target(tarpit.port), container: `tarpit ${at}`, questions: [question] };
    return prober.prove(hostile, () => void failed.add(at), ending.signal);
  });
  // All were asked for the first time, one after the other; by then those that failed are asked again.
  await eventually(() => failed.size === 2_000 && tarpit.held >= 150, {
    what: "tries that are held",
    limitMs: 60_000,
  });
  failed.clear();
  await prober.prove(target(honest.port), () => assert.fail("it listens"), ending.signal);
  assert.ok(failed.size < 500, `${failed.size} of the others failed once more before it had its turn`);
  ending.abort();
  await Promise.allSettled(proving);
});

/** Ends what still goes on where a test fails, so that nothing waits for it. */
function untilTheEnd() {
  const ending = new AbortController();
  const abort = () => ending.abort();
  return { signal: ending.signal, abort, [Symbol.dispose]: abort };
}
