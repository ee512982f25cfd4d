/** Up to so many elements, a list is looked through faster than the library's tools for long ones are made ready. */
export const FEW = 8;

/** The list with one more element. Most lists have few; one that is pushed to is given room for sixteen more, by each of thousands of hosts. */
export function append<T>(list: T[], element: T): T[] {
  const [first, second] = list;
  // Several times as fast as `concat`.
  if (first !== undefined && list.length === 1) return [first, element];
  if (first !== undefined && second !== undefined && list.length === 2) return [first, second, element];
  if (list.length < FEW) return list.concat(element);
  list.push(element);
  return list;
}
