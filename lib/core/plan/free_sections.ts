import type { Desired } from "../config/render.ts";
import type { SectionName } from "../runtime/operation.ts";
import type { Running } from "../state/running.ts";
import type { Capabilities } from "./capabilities.ts";

/** Sections that new hosts may take, by shape; the last of each is the next one. */
export type FreeSections = ReadonlyMap<string, SectionName[]>;

/**
 * Spares, and then the sections of hosts that are gone, which are as good: so where hosts come and go, as many may come at
 * run time as went. Where HAProxy adds backends, it deletes those, too.
 */
export function freeSections(
  { sections }: Running,
  desired: Desired,
  taken: ReadonlySet<SectionName>,
  { canAddServers, canAddBackends }: Pick<Capabilities, "canAddServers" | "canAddBackends">,
): FreeSections {
  const free = new Map<string, SectionName[]>();
  if (!canAddServers) return free;
  const left: (readonly [string, SectionName])[] = [];
  const spares: (readonly [string, SectionName])[] = [];
  for (const [name, { shape, isSpare, isDynamic, servers }] of sections) {
    if (servers.size > 0 || !isDynamic || taken.has(name)) continue;
    if (isSpare) spares.push([shape, name]);
    else if (!canAddBackends && !desired.sections.has(name)) left.push([shape, name]);
  }
  for (const [shape, name] of [...spares, ...left].reverse()) {
    const list = free.get(shape);
    if (list === undefined) free.set(shape, [name]);
    else list.push(name);
  }
  return free;
}
