import type { Settings } from "../core/settings/settings.ts";
import type { Snapshot } from "../core/snapshot/snapshot.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Which } from "../docker/api/read_containers.ts";
import { type RoutesFile, routesFiles } from "../docker/file/routes_file.ts";
import { withRoutes } from "../docker/file/routes_source.ts";
import { decodeSnapshot } from "../docker/file/snapshot_file.ts";
import { readGiven } from "../haproxy/files/given_file.ts";
import { wrongUsage } from "./failure.ts";
import { absolute } from "./absolute.ts";
import type { Terminal } from "./terminal.ts";

/** What is to be read: which containers, those that run unless it is said, and who hears of engines that do not answer. */
export type Reading = { readonly which?: Which; readonly tell?: (line: string) => void };

/**
 * The containers of `--snapshot`, or those that Docker has now, and the routes of `--routes`. Throws Failure: 2 for a bad
 * file, 1 for a lost Docker.
 */
export async function readSnapshot(
  settings: Settings,
  terminal: Terminal,
  reading: Reading = {},
): Promise<Snapshot> {
  const files = await readRoutesFiles(settings);
  return withRoutes(await readContainersOf(settings, terminal, reading), files);
}

/** The files of `--routes`, read. Throws Failure with code 2. */
export async function readRoutesFiles({ routes }: Settings): Promise<readonly RoutesFile[]> {
  const files = routesFiles(routes.map(absolute));
  for (const file of files) {
    await file.read();
    const { notice, name } = file;
    if (notice !== undefined) throw wrongUsage(`cannot use --routes "${name.path}": ${file.why}`);
  }
  return files;
}

async function readContainersOf(settings: Settings, terminal: Terminal, reading: Reading): Promise<Snapshot> {
  if (settings.snapshot === undefined) {
    // The client of Docker takes longer to load than all else that a saved snapshot needs.
    const { snapshotOfDocker } = await import("./docker_snapshot.ts");
    return decodeOrFail(
      await snapshotOfDocker(settings, { ...reading, use: "read" }),
      "Docker's answer",
      settings,
    );
  }
  return (await openSnapshot(settings.snapshot, settings, terminal)).snapshot;
}

/** The text of a snapshot, after a check that it is one. Throws Failure with code 2. */
export async function readSnapshotText(
  path: string,
  settings: Settings,
  terminal: Terminal,
): Promise<string> {
  return (await openSnapshot(path, settings, terminal)).text;
}

async function openSnapshot(
  path: string,
  settings: Settings,
  terminal: Terminal,
): Promise<{ readonly text: string; readonly snapshot: Snapshot }> {
  const name = path === "-" ? "standard input" : `"${path}"`;
  const text = path === "-"
    ? await terminal.stdin()
    : await readGiven(path, "file or pipe").catch((error) => {
      throw wrongUsage(
        `cannot read the snapshot ${name}: ${messageOf(error)}, expected what docker inspect prints`,
      );
    });
  return { text, snapshot: decodeOrFail(text, `the snapshot ${name}`, settings) };
}

function decodeOrFail(text: string, what: string, { labelPrefix }: Settings): Snapshot {
  const snapshot = decodeSnapshot(text, labelPrefix);
  if (snapshot.ok) return snapshot.value;
  throw wrongUsage(`cannot use ${what}: expected ${snapshot.expected}`);
}
