import { EventStream } from "./event_stream.ts";
import type { LiveView } from "./live_view.ts";

/** The live picture as an answer without an end. A reader that was cut off names the last event that it has. */
export function streamLive({ headers, url }: Request, live: LiveView): Response {
  const known = headers.get("last-event-id") ?? new URL(url).searchParams.get("after") ?? "";
  const lastId = /^[0-9]{1,16}$/.test(known) ? Number(known) : undefined;
  const viewing: { leave?: (() => void) | undefined } = {};
  const stream = new EventStream(() => viewing.leave?.());
  stream.send("retry: 1000\n\n");
  viewing.leave = live.join({ hear: (text) => stream.send(text) }, lastId);
  // What there is at first may be more than a stream takes.
  if (stream.isEnded) viewing.leave?.();
  if (viewing.leave === undefined) {
    return new Response("too many look already\n", { status: 503, headers: { "retry-after": "10" } });
  }
  return new Response(stream.body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    },
  });
}
