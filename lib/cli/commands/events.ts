import { systemClock } from "../../clock.ts";
import { formatEvents, parseSince } from "../../core/status/event_lines.ts";
import type { KeptEvent } from "../../core/status/history.ts";
import { quote } from "../../core/values/notice.ts";
import { askControl, controlPath } from "../../report/control_socket.ts";
import { EventFile } from "../../report/event_file.ts";
import { failed, wrongUsage } from "../failure.ts";
import { asOwner, findRunning, type Found } from "../running.ts";
import { settingsOf } from "../settings.ts";
import { jsonDocument, type Terminal } from "../terminal.ts";

/** Prints what happened, as the running signalbox or the file of the last one has it. Throws Failure. */
export async function events(
  options: { readonly json?: boolean; readonly since?: string } & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const since = parseSince(options.since ?? "2000-01-01", systemClock.date().getTime());
  if (!since.ok) throw wrongUsage(`--since is ${quote(options.since)}, expected ${since.expected}`);
  const words = [...options.json ? ["--json"] : [], ...options.since ? ["--since", options.since] : []];
  const all = await readEvents(await findRunning(settingsOf(options, terminal), terminal), words, terminal);
  const wanted = all.filter(({ at }) => Date.parse(at) >= since.value);
  await terminal.out(options.json ? jsonDocument(wanted) : formatEvents(wanted));
  if (wanted.length === 0 && !options.json) {
    terminal.err(`nothing happened${options.since ? " since then" : ""}`);
  }
  return 0;
}

async function readEvents(
  found: Found,
  words: readonly string[],
  terminal: Terminal,
): Promise<readonly KeptEvent[]> {
  if (found.kind === "denied") {
    throw failed(
      `cannot ask the signalbox at ${controlPath(found.stateDir)}, which is user ${found.owner}'s; type: ${
        asOwner(found, "events", ...words)
      }`,
    );
  }
  if (found.kind === "runs") {
    const answer = await askControl(found.stateDir, "GET", "/events") as readonly KeptEvent[] | undefined;
    if (answer !== undefined) return answer;
    throw failed(`the signalbox of ${found.stateDir} does not tell its events, expected one of this version`);
  }
  for (const stateDir of found.stateDirs) {
    const kept = await new EventFile(stateDir, { clock: systemClock, onFailure: () => undefined }).read();
    if (kept.length === 0) continue;
    terminal.err(`no signalbox runs: this is what the last one left in ${stateDir}`);
    return kept;
  }
  const places = found.stateDirs.join(" or ");
  throw failed(
    `no signalbox runs with the state directory ${places}, and none left events there (--state-dir names another)`,
  );
}
