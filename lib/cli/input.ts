import { systemClock } from "../clock.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { Snapshot } from "../core/snapshot/snapshot.ts";
import { messageOf } from "../core/values/message_of.ts";
import { readContainers, type Which } from "../docker/api/read_containers.ts";
import { type RoutesFile, routesFiles } from "../docker/file/routes_file.ts";
import { withRoutes } from "../docker/file/routes_source.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  reduceContainer,
  withoutSecrets,
} from "../docker/file/snapshot_file.ts";
import { reduceSwarm } from "../docker/file/swarm_file.ts";
import { SwarmGathering } from "../docker/file/swarm_snapshot.ts";
import { readGiven } from "../haproxy/files/given_file.ts";
import { engineAddressOf, openTransport } from "../docker/api/transport.ts";
import { dockerRemedy } from "./docker_remedy.ts";
import { failed, wrongUsage } from "./failure.ts";
import { absolute } from "./absolute.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The containers of `--snapshot`, or those that Docker has now, and the routes of `--routes`. Throws Failure: 2 for a bad
 * file, 1 for a lost Docker.
 */
export async function readSnapshot(
  settings: Settings,
  terminal: Terminal,
  which: Which = "running",
): Promise<Snapshot> {
  const files = await readRoutesFiles(settings);
  return withRoutes(await readContainersOf(settings, terminal, which), files);
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

async function readContainersOf(settings: Settings, terminal: Terminal, which: Which): Promise<Snapshot> {
  if (settings.snapshot === undefined) {
    return decodeOrFail(await snapshotOfDocker(settings, which), "Docker's answer", settings);
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

/** What Docker says now, as `signalbox snapshot` writes it. Throws Failure with code 1. */
export async function snapshotOfDocker(
  settings: Settings,
  which: Which = "running",
  /** Whether the text is for a file that is kept, which gets no secret. */
  use: "kept" | "read" = "read",
): Promise<string> {
  const ending = new AbortController();
  const folder = folderOnDemand();
  const ssh = { folder: folder.path, clock: systemClock };
  const keep = (reduced: unknown) => use === "read" ? reduced : withoutSecrets(reduced, settings.labelPrefix);
  const swarm = new SwarmGathering(systemClock, Deno.networkInterfaces());
  try {
    const containers: unknown[] = [];
    for (const url of settings.dockerHosts) {
      const tls = { isVerified: settings.dockerTlsVerify, certPath: settings.dockerCertPath };
      try {
        const transport = await openTransport(url, tls, ssh, ending.signal);
        const engine = await engineAddressOf(url);
        const isAlone = settings.dockerHosts.length === 1;
        const tag = isAlone ? undefined : { Address: engine.address, IsLocal: engine.isLocal };
        const found = await readContainers(transport, systemClock, ending.signal, which);
        containers.push(...found.map((json) => keep(reduceContainer(json, tag))));
        await swarm.ask(transport, engine.isLocal, ending.signal);
      } catch (error) {
        const why = messageOf(error);
        const advice = `${dockerRemedy(url, why)}; or give a file with --snapshot`;
        throw failed(`cannot read containers from Docker at ${url}: ${why}; ${advice}`);
      }
    }
    const { found } = swarm;
    const said = found === undefined ? {} : reduceSwarm(found, settings.labelPrefix, use === "read");
    return encodeSnapshot(containers, said);
  } finally {
    ending.abort();
    await folder.remove();
  }
}

/** A folder of its own that only we can read. Throws Failure. */
export async function temporaryFolder(): Promise<
  { readonly path: string; readonly remove: () => Promise<void> }
> {
  const path = await Deno.makeTempDir({ prefix: "signalbox-" }).catch((error) => {
    throw failed(
      `cannot make a temporary folder: ${
        messageOf(error)
      }; expected $TMPDIR, or /tmp, to be one that can be written`,
    );
  });
  return { path, remove: () => Deno.remove(path, { recursive: true }).catch(() => undefined) };
}

/** A temporary folder, made when it is first needed: only ssh needs one. */
export function folderOnDemand(): {
  readonly path: () => Promise<string>;
  readonly remove: () => Promise<void>;
} {
  let made: ReturnType<typeof temporaryFolder> | undefined;
  return {
    path: async () => (await (made ??= temporaryFolder())).path,
    remove: async () => await (await made?.catch(() => undefined))?.remove(),
  };
}
