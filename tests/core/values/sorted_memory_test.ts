import assert from "node:assert/strict";
import { SortedMemory } from "../../../lib/core/values/sorted_memory.ts";
import { seeded } from "../../harness/seeded.ts";

type Item = { readonly key: number };

Deno.test("a list that changes in any way comes out as if it were sorted anew", () => {
  const random = seeded(7);
  const below = (most: number) => Math.floor(random() * most);
  const memory = new SortedMemory<Item>((a, b) => a.key - b.key);
  let list: readonly Item[] = [];
  let next = 0;
  for (let round = 0; round < 300; round++) {
    const from = below(list.length + 1);
    const added = Array.from({ length: below(5) }, () => ({ key: ++next * 7_919 % 10_007 }));
    list = list.toSpliced(from, below(6), ...added);
    // An older one goes to the end, as that of a container that stops.
    if (round % 3 === 0) list = [...list.slice(1), ...list.slice(0, 1)];
    assert.deepEqual(memory.sort(list), list.toSorted((a, b) => a.key - b.key));
  }
});

Deno.test("what has not changed is not compared again", () => {
  let compared = 0;
  const memory = new SortedMemory<Item>((a, b) => (compared++, a.key - b.key));
  const list = Array.from({ length: 1_000 }, (_, at) => ({ key: at * 7_919 % 10_007 }));
  const sorted = memory.sort(list);
  compared = 0;
  assert.equal(memory.sort([...list]), sorted, "the very same list");
  assert.equal(compared, 0);
  memory.sort([...list, { key: 5_000.5 }]);
  assert.ok(compared < 20, `${compared} comparisons`);
  compared = 0;
  memory.sort([...list.slice(1), { key: 1.5 }]);
  assert.ok(compared < 20, `${compared} comparisons`);
});
