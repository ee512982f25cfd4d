import { findRunning, settingsOfRunning } from "./running.ts";
import { readSnapshot } from "./input.ts";
import { prepareRouting } from "./routing.ts";
import { settingsOf } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** Names of hosts and containers; a shell should not get to read any other text. */
const WORD = /^[A-Za-z0-9_*][A-Za-z0-9_.*-]*$/;

/**
 * Prints the hosts and containers that `explain` knows, a line each, for the shells' completions: the hosts of the running
 * signalbox, or those that the containers would serve, and all running containers. Prints nothing where neither answers.
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
    // Users ask most about containers that serve nothing.
    const own = settingsOf(options, terminal, await settingsOfRunning(found));
    const all = await readSnapshot(own, terminal, { tell: () => {} }).then(
      ({ containers }) => containers,
      () => [],
    );
    return [...served, ...all.map(({ name }) => name)];
  }
  const { containers } = await readSnapshot(settings, terminal);
  const { model } = (await prepareRouting(settings)).design.build({
    containers,
    stopping: new Set(),
    starting: new Set(),
  });
  return [
    ...containers.map(({ name }) => name),
    ...[...model.routes, ...model.streams.routes].map(({ host }) => host),
  ];
}
