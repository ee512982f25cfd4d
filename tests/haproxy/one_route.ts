/** Snapshots of containers on the loopback, each with what it says. */
import { containerOf } from "./loopback_container.ts";

/** A container at 127.17.9.1, at a port of its own, with its INTERLOCK_DATA. */
export type Said = { readonly port: number; readonly data: unknown };

/** What Docker says of the containers, the oldest first. */
export const snapshotOf = (all: readonly Said[]): string =>
  JSON.stringify(
    all.map(({ port, data }, at) => containerOf((at + 10).toString(36), port, data, { name: `web${at}` })),
  );
