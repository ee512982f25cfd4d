import { FEW } from "./short_list.ts";

/**
 * Sorts a list that is nearly the one before: what has stayed is not sorted again. The lists hold the same objects for
 * what has not changed; `compare` goes by what never changes of an object.
 */
export class SortedMemory<T extends object> {
  #before: readonly T[] = [];
  #sorted: readonly T[] = [];

  constructor(readonly compare: (a: T, b: T) => number) {}

  /** The list in order; the same array for the same list. */
  sort(list: readonly T[]): readonly T[] {
    const { added, removed } = difference(this.#before, list);
    this.#before = list;
    if (added.length + removed.size === 0) return this.#sorted;
    const kept = removed.size === 0 ? [...this.#sorted] : this.#sorted.filter((each) => !removed.has(each));
    if (added.length > FEW) return this.#sorted = kept.concat(added).sort(this.compare);
    for (const each of added) kept.splice(this.#placeIn(kept, each), 0, each);
    return this.#sorted = kept;
  }

  /** Behind all that come before it or beside it. */
  #placeIn(sorted: readonly T[], element: T): number {
    let [start, end] = [0, sorted.length];
    while (start < end) {
      const middle = (start + end) >> 1;
      const other = sorted[middle];
      if (other !== undefined && this.compare(other, element) <= 0) start = middle + 1;
      else end = middle;
    }
    return start;
  }
}

/** What a list has that another has not, whatever their orders; most of both is the same at both ends. */
function difference<T>(before: readonly T[], now: readonly T[]): { added: T[]; removed: ReadonlySet<T> } {
  const shorter = Math.min(before.length, now.length);
  let start = 0;
  while (start < shorter && before[start] === now[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === now[now.length - 1 - end]) end++;
  const removed = new Set(before.slice(start, before.length - end));
  const added = now.slice(start, now.length - end).filter((each) => !removed.delete(each));
  return { added, removed };
}
