import { findRunning, settingsOfRunning } from "./running.ts";
import { readSnapshot } from "./input.ts";
import { prepareRouting } from "./routing.ts";
import { settingsOf } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** Hosts and containers as they are named everywhere; what is anything else is nothing that a shell should read. */
const WORD = /^[A-Za-z0-9_*][A-Za-z0-9_.*-]*$/;

/**
 * Prints the hosts and containers that `explain` can be asked about, a line each, for the shells' completions: the hosts of
 * the signalbox that runs, or those that its containers would serve, and all containers that run. Prints nothing where nobody tells.
 */
export async function subjects(
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<number> {
  const words = await findWords(options, terminal).catch(() => []);
  const known = [...new Set(words)].filter((word) => WORD.test(word)).sort();
  await terminal.out(known.map((word) => `${word}\n`).join(""));
  return 0;
}

async function findWords(
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<readonly string[]> {
  const settings = settingsOf(options, terminal);
  // A snapshot is explained by itself.
  const found = settings.snapshot === undefined ? await findRunning(settings, terminal) : undefined;
  if (found?.kind === "runs") {
    const served = found.status.routes.flatMap(({ route, servers }) => [
      route.replace(/\/.*$/, ""),
      ...servers.map(({ container }) => container),
    ]);
    // Those that serve nothing are asked about most.
    const own = settingsOf(options, terminal, await settingsOfRunning(found));
    const all = await readSnapshot(own, terminal).then(({ containers }) => containers, () => []);
    return [...served, ...all.map(({ name }) => name)];
  }
  const { containers } = await readSnapshot(settings, terminal);
  const { model } = (await prepareRouting(settings)).design.build({
    containers,
    stopping: new Set(),
    starting: new Set(),
  });
  return [...containers.map(({ name }) => name), ...model.routes.map(({ host }) => host)];
}
