import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { GenerationStore } from "../../../lib/haproxy/files/generation_store.ts";

const FILES = () => new Map([["haproxy.cfg", "global\n"]]);

async function generations(store: GenerationStore): Promise<string[]> {
  await store.settled();
  const names = await Array.fromAsync(Deno.readDir(`${store.stateDir}/generations`), ({ name }) => name);
  return names.sort();
}

/** As a run goes: each generation that becomes current is followed by one that is only tried out. */
async function promoteAndTry(store: GenerationStore, times: number): Promise<string> {
  let last = "";
  for (let at = 0; at < times; at++) {
    const kept = store.write(FILES);
    store.promote(kept);
    last = kept.folder;
    await store.discard(store.write(FILES));
  }
  return last;
}

Deno.test("of many generations the last few are kept, also when others are tried out in between", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "sbg-" });
  try {
    const store = new GenerationStore(stateDir, systemClock);
    await store.open();
    const last = await promoteAndTry(store, 20);
    const left = await generations(store);
    assert.equal(left.length, 3, left.join());
    assert.ok(last.endsWith(left.at(-1) ?? "none"));
    assert.equal(store.findCurrent()?.folder, last);

    // What an earlier run left counts, and its current one stays whatever lies beside it.
    const next = new GenerationStore(stateDir, systemClock);
    await next.open();
    assert.equal(next.findCurrent()?.folder, last);
    await promoteAndTry(next, 1);
    assert.equal((await generations(next)).length, 3);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("a generation that is taken back leaves the one before it current, however often that happens", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "sbg-" });
  try {
    const store = new GenerationStore(stateDir, systemClock);
    await store.open();
    const good = store.write(FILES);
    store.promote(good);
    for (let at = 0; at < 10; at++) {
      const refused = store.write(FILES);
      store.promote(refused);
      store.promote(good);
      await store.discard(refused);
    }
    assert.equal(store.findCurrent()?.folder, good.folder);
    assert.deepEqual(await generations(store), [good.folder.split("/").at(-1)]);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});
