import { systemClock, TimeLimit } from "../clock.ts";
import type { LiveMessageName, LiveMessages } from "../core/status/live_messages.ts";
import type { Clock } from "../ports.ts";
import { controlPath } from "./control_socket.ts";
import { EventReader } from "./event_stream.ts";

/** signalbox says something each five seconds; without a word for so long, in milliseconds, it counts as gone. */
const SILENCE_MS = 12_000;

/** Takes what a live picture tells, with the id of the last event in it. */
export type HearLive = <Name extends LiveMessageName>(
  name: Name,
  data: LiveMessages[Name],
  id: number | undefined,
) => void;

/**
 * Follows the live picture of the signalbox of a state directory, after the event `lastId`, until the signal or until it is
 * cut off. Answers with why it ended.
 */
export async function followLive(
  stateDir: string,
  lastId: number | undefined,
  hear: HearLive,
  { signal, clock = systemClock }: { readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<string> {
  const socket = controlPath(stateDir);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  let silence = new TimeLimit(clock, SILENCE_MS);
  const ended = new AbortController();
  const heard = () => {
    silence[Symbol.dispose]();
    silence = new TimeLimit(clock, SILENCE_MS);
    silence.signal.addEventListener("abort", () => ended.abort(), { once: true });
  };
  heard();
  try {
    const path = lastId === undefined ? "/live" : `/live?after=${lastId}`;
    const response = await fetch(`http://127.0.0.1${path}`, {
      client,
      signal: AbortSignal.any([signal, ended.signal]),
    });
    if (response.status === 503) return "too many look at it already";
    if (!response.ok || response.body === null) return `it answers ${response.status} to /live`;
    const reader = new EventReader(hear as (name: string, data: unknown, id: number | undefined) => void);
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      heard();
      reader.take(text);
    }
    return "it ended the connection";
  } catch {
    return ended.signal.aborted ? "it says nothing any more" : "it does not answer";
  } finally {
    silence[Symbol.dispose]();
    client.close();
  }
}
