/** The page of `--admin` over what a test makes up, without an HAProxy. */
import page from "#page";
import { systemClock } from "../../lib/clock.ts";
import type { Event } from "../../lib/core/status/event.ts";
import { History } from "../../lib/core/status/history.ts";
import { putIntoWords } from "../../lib/core/status/put_into_words.ts";
import { factsOf, type LoopState, type Status } from "../../lib/core/status/status.ts";
import { serveAdmin } from "../../lib/report/admin.ts";
import { type LiveParts, LiveView } from "../../lib/report/live_view.ts";
import { freePort } from "../harness/http.ts";
import { statusOf } from "../report/statuses.ts";

/** The moment in so many days, as ISO 8601: until when a certificate is valid. */
export const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

/** A page over a state that the test makes up; gone with the block. */
export class ToldPage implements AsyncDisposable {
  readonly port = freePort();
  readonly history = new History();
  readonly live: LiveView;
  readonly #server: { close(): Promise<void> };

  constructor(
    public state: LoopState,
    readonly status: Partial<Status> = {},
    parts: Partial<Pick<LiveParts, "statistics" | "followRequests">> = {},
  ) {
    const facts = () =>
      factsOf({ ...statusOf(), ...this.status }, this.state, {
        ...statusOf().haproxy,
        ...this.status.haproxy,
      });
    this.live = new LiveView({
      clock: systemClock,
      history: this.history,
      state: () => this.state,
      facts: () => Promise.resolve({ ...facts(), ...this.status }),
      bindings: () => new Map(),
      prefix: undefined,
      ...parts,
    });
    this.#server = serveAdmin({
      clock: systemClock,
      listen: () => Deno.listen({ hostname: "127.0.0.1", port: this.port }),
      status: () => Promise.resolve(statusOf()),
      live: this.live,
      answers: {
        config: () => Promise.reject(new Error("no config")),
        tryRequest: () => ({ ways: [] }),
        inForce: () => undefined,
      },
      page: () => Promise.resolve(page),
      haproxyMetrics: () => Promise.resolve(""),
      monitorHaproxy: () => Promise.resolve(),
      onFailure: () => undefined,
    });
  }

  tell(event: Event): void {
    this.history.note(putIntoWords(event), systemClock.date());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.close();
  }
}
