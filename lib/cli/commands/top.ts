import { systemClock } from "../../clock.ts";
import { emptyLiveState, hear as hearLive, type LiveState } from "../../core/status/live_state.ts";
import type { Sort } from "../../core/status/live_rows.ts";
import { printTop, topDocument } from "../../core/status/top/print.ts";
import { FIRST_VIEW } from "../../core/status/top/view.ts";
import { quote } from "../../core/values/notice.ts";
import { controlPath } from "../../report/control_socket.ts";
import { followLive } from "../../report/live_client.ts";
import { failed, wrongUsage } from "../failure.ts";
import { asOwner, findRunning } from "../running.ts";
import { settingsOf } from "../settings.ts";
import { jsonDocument, type Terminal } from "../terminal.ts";
import { watchTop } from "../watch_top.ts";

type Options = {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly sort: Sort;
  readonly filter?: string;
  readonly interval?: string;
};

/** How long a print waits for HAProxy's figures, in milliseconds. */
const FIGURES_MS = 10_000;

/** Shows the live picture of the running signalbox on the screen, or prints it once. Throws Failure. */
export async function top(given: Record<string, unknown>, terminal: Terminal): Promise<number> {
  const options = given as Options;
  const intervalMs = intervalOf(options.interval ?? "1");
  const stateDir = await findStateDir(given, options, terminal);
  const view = { ...FIRST_VIEW, sort: options.sort, filter: options.filter ?? "" };
  const isOnce = options.once === true || options.json === true;
  if (!isOnce && terminal.screen !== undefined) {
    const hasColour = (terminal.env("NO_COLOR") ?? "") === "";
    const why = await watchTop(
      { stateDir, view, intervalMs, hasColour, clock: systemClock },
      terminal.screen,
    );
    if (why !== undefined) throw failed(why);
    return 0;
  }
  const state = await lookOnce(stateDir);
  const wanted = { search: view.filter, sort: view.sort, isReversed: false };
  await terminal.out(options.json ? jsonDocument(topDocument(state, wanted)) : printTop(state, wanted));
  return 0;
}

function intervalOf(text: string): number {
  const seconds = /^[0-9]{1,4}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : NaN;
  if (!(seconds >= 0.1 && seconds <= 3_600)) {
    throw wrongUsage(`--interval is ${quote(text)}, expected seconds from 0.1 to 3600`);
  }
  return seconds * 1_000;
}

async function findStateDir(
  given: Record<string, unknown>,
  options: Options,
  terminal: Terminal,
): Promise<string> {
  const found = await findRunning(settingsOf(given, terminal), terminal);
  switch (found.kind) {
    case "runs":
      return found.stateDir;
    case "denied":
      throw failed(
        `cannot ask the signalbox at ${controlPath(found.stateDir)}, which is user ${found.owner}'s; type: ${
          asOwner(found, "top", ...options.json ? ["--json"] : [])
        }`,
      );
    case "none":
      throw failed(
        `no signalbox runs with the state directory ${
          found.stateDirs.join(" or ")
        } (--state-dir names another)`,
      );
  }
}

/** Looks until everything is known once: figures need two looks at HAProxy. */
async function lookOnce(stateDir: string): Promise<LiveState> {
  const state = emptyLiveState();
  const ended = new AbortController();
  const cancel = systemClock.after(FIGURES_MS, () => ended.abort());
  const why = await followLive(stateDir, undefined, (name, data) => {
    hearLive(state, name, data);
    if (isWhole(state)) ended.abort();
  }, { signal: ended.signal });
  cancel();
  if (!state.hasPicture) throw failed(`cannot look at the signalbox of ${stateDir}: ${why}`);
  return state;
}

const isWhole = ({ hasPicture, facts, haproxy, loads }: LiveState): boolean =>
  hasPicture && facts !== undefined && haproxy !== undefined && loads !== undefined;
