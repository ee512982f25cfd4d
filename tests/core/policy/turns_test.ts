/** So many at once, and the others in turn. */
import assert from "node:assert/strict";
import { settled } from "../../harness/eventually.ts";
import { Turns, type TurnsLimits } from "../../../lib/core/policy/turns.ts";

/** A timer that rings when it is told to. */
class Timer {
  readonly callbacks = new Set<() => void>();

  after = (_: number, callback: () => void): () => void => {
    this.callbacks.add(callback);
    return () => void this.callbacks.delete(callback);
  };

  ring(): void {
    // What a callback asks for rings too.
    for (const callback of this.callbacks) {
      this.callbacks.delete(callback);
      callback();
    }
  }
}

/** What has begun of what was asked for; each ends when it is told to, or when it is hurried. */
class Works {
  readonly timer = new Timer();
  readonly begun: string[] = [];
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();
  readonly #turns: Turns;
  readonly #all: Promise<unknown>[] = [];

  constructor(limits: Partial<TurnsLimits>) {
    const usual = { most: 2, mostEach: 2, mostAgain: 2, quickMs: 250, after: this.timer.after };
    this.#turns = new Turns({ ...usual, ...limits });
  }

  ask(name: string, { of = name, isFirst = true } = {}): void {
    const gate = Promise.withResolvers<void>();
    this.#gates.set(name, gate);
    this.#all.push(this.#turns.take({ of, isFirst }, async (hurry) => {
      this.begun.push(name);
      hurry.addEventListener("abort", () => gate.resolve());
      await gate.promise;
    }));
  }

  async end(...names: string[]): Promise<void> {
    for (const name of names) this.#gates.get(name)?.resolve();
    await settled();
  }

  async endAll(): Promise<void> {
    for (const { resolve } of this.#gates.values()) resolve();
    await Promise.all(this.#all);
    assert.equal(this.timer.callbacks.size, 0);
  }
}

Deno.test("no more than so many are under way at once, and the first to come is the next", async () => {
  const works = new Works({});
  for (const name of ["a", "b", "c", "d"]) works.ask(name);
  await settled();
  assert.deepEqual(works.begun, ["a", "b"]);
  await works.end("b");
  assert.deepEqual(works.begun, ["a", "b", "c"]);
  await works.endAll();
  assert.deepEqual(works.begun, ["a", "b", "c", "d"]);
});

Deno.test("what fails gives its turn back", async () => {
  const turns = new Turns({ most: 1, mostEach: 1, mostAgain: 1, quickMs: 1, after: new Timer().after });
  const failing = turns.take({ of: "a", isFirst: true }, () => Promise.reject(new Error("it failed")));
  await assert.rejects(failing, /it failed/);
  assert.equal(await turns.take({ of: "a", isFirst: false }, () => Promise.resolve(1)), 1);
});

Deno.test("one owner has two turns at most, and owners that wait are served one after the other", async () => {
  const works = new Works({ most: 3 });
  for (const name of ["a1", "a2", "a3", "a4"]) works.ask(name, { of: "a" });
  for (const name of ["b1", "b2"]) works.ask(name, { of: "b" });
  works.ask("c1", { of: "c" });
  await settled();
  assert.deepEqual(works.begun, ["a1", "a2", "b1"]);
  await works.end("a1");
  assert.deepEqual(works.begun.slice(3), ["a3"]);
  await works.end("a2");
  assert.deepEqual(works.begun.slice(4), ["b2"]);
  await works.end("a3");
  assert.deepEqual(works.begun.slice(5), ["c1"]);
  await works.endAll();
});

Deno.test("what was never tried goes before what failed, and finds turns that the others may not take", async () => {
  const works = new Works({ most: 3, mostAgain: 2 });
  for (const name of ["a", "b", "c", "d"]) works.ask(name, { isFirst: false });
  await settled();
  assert.deepEqual(works.begun, ["a", "b"], "one turn is kept");
  works.ask("new");
  works.ask("newer");
  await settled();
  assert.deepEqual(works.begun, ["a", "b", "new"]);
  await works.end("a");
  assert.deepEqual(works.begun, ["a", "b", "new", "newer"]);
  await works.endAll();
});

Deno.test("a first try that lasts ends early where another first one waits, and not where none does", async () => {
  const works = new Works({ most: 1, mostAgain: 1 });
  works.ask("slow");
  await settled();
  works.timer.ring();
  works.ask("again", { isFirst: false });
  await settled();
  assert.deepEqual(works.begun, ["slow"]);
  works.ask("new");
  await settled();
  assert.deepEqual(works.begun, ["slow", "new"]);
  works.ask("newer");
  await settled();
  assert.deepEqual(works.begun, ["slow", "new"], "each has its moment");
  works.timer.ring();
  await settled();
  assert.deepEqual(works.begun, ["slow", "new", "newer"]);
  await works.endAll();
});
