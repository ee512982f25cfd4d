import { systemClock } from "../clock.ts";
import { certificateNotices } from "../core/status/acme_status.ts";
import type { LoopState, Status } from "../core/status/status.ts";
import { askControl } from "../report/control_socket.ts";
import { explanationOf, type Question } from "./explanation.ts";
import type { LiveRouting } from "./live_routing.ts";
import { placesOf } from "./running.ts";
import { givenAsEnvironment, settingsOf } from "./settings.ts";
import { isTrustedStateDir } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

/** What one signalbox asks another: with which settings, as environment variables. */
type GivenQuestion = Question & { readonly given: Readonly<Record<string, string>> };

/** They say whom to ask, and how to log. */
const ABOUT_ASKING = ["SIGNALBOX_STATE_DIR", "SIGNALBOX_LOG_FORMAT", "SIGNALBOX_LOG_LEVEL"];

/**
 * Asks the signalbox that runs here, which has read all containers already; `undefined` where none runs, where other settings
 * are given than it has, and where containers that do not run would have to be read.
 */
export async function askToExplain(
  question: Question,
  options: Record<string, unknown>,
  terminal: Terminal,
): Promise<string | undefined> {
  const settings = settingsOf(options, terminal);
  if (settings.snapshot !== undefined) return undefined;
  const all = Object.entries(givenAsEnvironment(options, terminal, "explain"));
  const given = Object.fromEntries(all.filter(([name]) => !ABOUT_ASKING.includes(name)));
  const sent: GivenQuestion = { ...question, given };
  for (const stateDir of placesOf(settings, terminal)) {
    // What another user's says could move the cursor.
    if (!isTrustedStateDir(stateDir)) continue;
    const told = await askControl(stateDir, "GET", `/explain?${encodeURIComponent(JSON.stringify(sent))}`);
    if (told !== undefined) return (told as { readonly text?: string }).text;
  }
  return undefined;
}

/** What the running signalbox answers from. */
export type LiveWorld = {
  readonly state: () => LoopState;
  readonly status: () => Promise<Status>;
  readonly routing: Pick<LiveRouting, "now">;
  readonly stateDir: string;
  readonly settings: () => Readonly<Record<string, string>>;
};

/** Answers another signalbox, where it can: `undefined` where that has to find out itself. */
export async function explainLive(
  query: string,
  { state, status, routing, stateDir, settings }: LiveWorld,
): Promise<{ readonly text?: string }> {
  const { given, ...question } = JSON.parse(decodeURIComponent(query)) as GivenQuestion;
  const own = settings();
  const { built } = state();
  if (built === undefined || Object.entries(given).some(([name, text]) => own[name] !== text)) return {};
  const found = { kind: "runs", stateDir, status: await status() } as const;
  const notices = [...built.notices, ...certificateNotices(built.model, found.status.acme)];
  const text = await explanationOf(question, {
    routing: routing.now,
    built: { ...built, notices },
    found,
    stopped: () => Promise.resolve(undefined),
    breathe: () => systemClock.sleep(0),
    // What is wrong with the question is told by who asks it.
  }).catch(() => undefined);
  return text === undefined ? {} : { text };
}
