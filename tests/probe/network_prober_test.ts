import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import type { Clock, ProbeTarget } from "../../lib/ports.ts";
import { NetworkProber } from "../../lib/probe/network_prober.ts";
import { freePort } from "../harness/http.ts";

/** A clock that only sleeping moves; it notes how long each sleep was. */
class SleepingClock implements Clock {
  readonly sleeps: { readonly at: number; readonly ms: number }[] = [];
  #now = 0;
  onSleep: () => void = () => undefined;

  now(): number {
    return this.#now;
  }

  after(_: number, callback: () => void): () => void {
    const timer = setTimeout(callback, 0);
    return () => clearTimeout(timer);
  }

  sleep(ms: number): Promise<void> {
    this.sleeps.push({ at: this.#now, ms });
    this.#now += ms;
    this.onSleep();
    return Promise.resolve();
  }
}

const target = (port: number): ProbeTarget => ({
  hostname: "127.0.0.1",
  port,
  via: "container",
  own: undefined,
  warmHost: undefined,
  isTls: false,
});

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
  const warmed = { ...target(freePort()), warmHost: "www.example.com" };
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
    () => prober.prove(target(port), () => undefined, ending.signal),
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
    // Those of before are asked once a second by then.
    if (hasBegun && ms < 1_000) own ??= ms;
    if (own !== undefined || tries > 1_000) ending.abort();
    if (now === 0 && tries === 50) now = 30_000;
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
