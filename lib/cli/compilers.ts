import v8 from "node:v8";

/** So many containers are worth the memory that compiled code takes. */
const MANY = 500;

/** A container may have hundreds of aliases and paths: so many routes are as much work as a container of one. */
const ROUTES_EACH = 4;

/** In place of what scripts/compile.ts says: functions are compiled early, as V8 does by itself. */
const COMPILE: readonly string[] = [
  "--invocation-count-for-turbofan=1000",
  "--invocation-count-for-osr=300",
];

/** By how much the heap grows, in percent of what is in use, before it is collected; V8 by itself lets it double or more. */
const GROW = "--heap-growing-percent=40";

let areOn = false;
let isLean = false;

/**
 * Has V8 compile what runs often, from now on, where there are many containers or routes: what a change of one among 10,000
 * costs is a third then. With a few, code is interpreted, which takes less memory. Without the flag of the binary that lets
 * flags change, nothing happens.
 */
export function compileForMany(containers: number, routes = 0): void {
  if (areOn || Math.max(containers, routes / ROUTES_EACH) < MANY) return;
  areOn = true;
  for (const flag of COMPILE) v8.setFlagsFromString(flag);
}

/**
 * Collects what the first pass left behind, which is several times what it keeps, where there are many containers or routes,
 * and lets the heap grow less from then on. Called after each pass. Without the flags of the binary, V8 collects when it likes.
 */
export function keepLean(): void {
  if (!areOn || isLean) return;
  isLean = true;
  v8.setFlagsFromString(GROW);
  const { gc } = globalThis as { readonly gc?: (options: object) => void };
  gc?.({ type: "major", execution: "async", flavor: "last-resort" });
}
