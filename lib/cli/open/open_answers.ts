import { messageOf } from "../../core/values/message_of.ts";
import type { Controller } from "../../loop/controller.ts";
import { type ProgramFacts, readFacts, readStatus } from "../../loop/read_status.ts";
import { pageAnswers } from "../page_answers.ts";
import type { Terminal } from "../terminal.ts";
import { openAdmin } from "./open_admin.ts";
import { openControl } from "./open_control.ts";
import type { OpenedEvents } from "./open_events.ts";
import type { OpenedHaproxy } from "./open_haproxy.ts";
import { openLive } from "./open_live.ts";
import type { RunContext } from "./run_context.ts";

/** What the answers are made of. */
export type AnswerParts = {
  readonly controller: Controller;
  readonly facts: ProgramFacts;
  readonly events: OpenedEvents;
  readonly opened: OpenedHaproxy;
  readonly given: { readonly options: Record<string, unknown>; readonly terminal: Terminal };
  /** Ends this signalbox, and hands HAProxy over to the one that asks. */
  readonly handOver: () => void;
};

/** Opens what answers questions: the control socket, and the address of `--admin`. Throws Failure. */
export async function openAnswers(
  context: RunContext,
  { controller, facts, events, opened, given, handOver }: AnswerParts,
): Promise<{ readonly publish: () => void; readonly close: () => Promise<void> }> {
  const { report, routing } = context;
  const live = openLive(context, controller, () => readFacts(controller, facts));
  const answers = {
    status: () => readStatus(controller, facts),
    live,
    onFailure: (error: unknown) => report.tell({ kind: "status-unavailable", why: messageOf(error) }),
  };
  const control = openControl(
    context,
    { ...answers, events: events.read, state: () => controller.state },
    given,
    handOver,
  );
  const admin = await openAdmin(context, {
    ...answers,
    answers: pageAnswers(controller, opened.haproxy, routing),
    mayWait: opened.hasTakenOver,
    bindings: () => controller.applier.running?.bindings ?? new Map<string, string>(),
  });
  return {
    publish: () => live.publish(),
    close: async () => {
      // The next signalbox waits for the end of the control socket, and takes the place of the page then.
      await Promise.all([admin?.close(), control.close()]);
    },
  };
}
