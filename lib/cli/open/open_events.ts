import { systemClock } from "../../clock.ts";
import type { KeptEvent } from "../../core/status/history.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { EventFile } from "../../report/event_file.ts";
import type { RunContext } from "./run_context.ts";

/** The events of this signalbox and of those before it. */
export type OpenedEvents = {
  /** All that are kept, the oldest first. */
  readonly read: () => Promise<readonly KeptEvent[]>;
  /** Writes the last ones. */
  readonly close: () => Promise<void>;
};

/** Keeps events in the state directory from now on, and remembers those that are there. */
export async function openEvents({ stateDir, report }: RunContext): Promise<OpenedEvents> {
  const { history } = report;
  const file = new EventFile(stateDir, {
    clock: systemClock,
    onFailure: (error) => report.tell({ kind: "events-unwritten", why: messageOf(error) }),
  });
  const earlier = await file.read();
  history.remember(earlier);
  history.since(earlier.at(-1)?.id ?? 0).events.forEach((event) => file.add(event));
  const stop = history.follow((event) => file.add(event));
  const read = async () => {
    await file.flush();
    // What the file could not take is in memory.
    return merged([...await file.read(), ...history.since(0).events]);
  };
  const close = async () => {
    stop();
    await file.flush();
  };
  return { read, close };
}

/** Each event once, the oldest first. Two signalboxes may have given an id to an event each, while the one took over. */
function merged(events: readonly KeptEvent[]): readonly KeptEvent[] {
  const byKey = new Map(events.map((event) => [`${event.id} ${event.event}`, event]));
  return [...byKey.values()].sort((a, b) => a.id - b.id);
}
