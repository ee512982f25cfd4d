/** Live pictures for tests that are about something else. */
import { systemClock } from "../../lib/clock.ts";
import { History } from "../../lib/core/status/history.ts";
import { factsOf } from "../../lib/core/status/status.ts";
import { LiveView } from "../../lib/report/live_view.ts";
import { container } from "../core/containers.ts";
import { loopStateOf } from "./loop_states.ts";
import { statusOf } from "./statuses.ts";

/** A live picture of one container. */
export function nobodysLive(): LiveView {
  const state = loopStateOf([container("web")]);
  return new LiveView({
    clock: systemClock,
    history: new History(),
    state: () => state,
    facts: () => Promise.resolve(factsOf(statusOf(), state, statusOf().haproxy)),
    bindings: () => new Map(),
    prefix: undefined,
  });
}
