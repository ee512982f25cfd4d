import v8 from "node:v8";

/** So many containers are worth the memory that compiled code takes. */
const MANY = 500;

/** In place of what scripts/compile.ts says: functions are compiled early, as V8 does by itself. */
const ON: readonly string[] = [
  "--invocation-count-for-turbofan=1000",
  "--invocation-count-for-osr=300",
];

let areOn = false;

/**
 * Has V8 compile what runs often, from now on, where there are many containers: what a change of one among 10,000 costs is a
 * third then. With a few, code is interpreted, which takes less memory. Without the flag of the binary that lets flags
 * change, nothing happens.
 */
export function compileForMany(containers: number): void {
  if (areOn || containers < MANY) return;
  areOn = true;
  for (const flag of ON) v8.setFlagsFromString(flag);
}
