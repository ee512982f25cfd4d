import type { EngineConnection } from "./engine_connection.ts";
import type { KnownContainers } from "./known_containers.ts";

/** How often an engine on another machine gets a ping, in milliseconds, and how long it may take. */
const PING_EVERY_MS = 4_000;
const PING_LIMIT_MS = 4_000;
/** How often Podman's list is read, in milliseconds; that takes it one. */
const LIST_EVERY_MS = 1_000;

/**
 * Gives the connection up once the engine does not answer: a machine that is cut off sends no end of its event stream,
 * and TCP notices after minutes. Ends with the connection.
 */
export async function watchAnswers(
  { engine, signal, abort }: EngineConnection,
  { parts: { clock } }: Known,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(PING_EVERY_MS, signal);
    if (signal.aborted) return;
    if (!await engine.answersWithin(PING_LIMIT_MS, signal)) {
      return abort(new Error(`no answer to a ping within ${PING_LIMIT_MS} ms`));
    }
  }
}

/** Reads the list of an engine whose events do not tell all, and wakes the loop if it differs. Ends with the connection. */
export async function watchList({ engine, signal, abort }: EngineConnection, known: Known): Promise<void> {
  const { clock } = known.parts;
  while (!signal.aborted) {
    await clock.sleep(LIST_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      const listed = await engine.list(signal);
      const isChanged = listed.some((entry) => !known.isAsListed(entry)) ||
        known.missingFrom(new Set(listed.map(({ id }) => id))).length > 0;
      if (isChanged) known.wake({ reason: "docker" });
    } catch (error) {
      return abort(error);
    }
  }
}

type Known = Pick<KnownContainers, "parts" | "isAsListed" | "missingFrom" | "wake">;
