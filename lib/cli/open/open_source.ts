import { systemClock } from "../../clock.ts";
import { FileSource } from "../../docker/file/file_source.ts";
import type { RoutesFile } from "../../docker/file/routes_file.ts";
import { RoutesSource } from "../../docker/file/routes_source.ts";
import type { ContainerSource } from "../../ports.ts";
import { absolute } from "../absolute.ts";
import type { GivenHosts } from "../engine_hosts.ts";
import { openEngines } from "./open_engines.ts";
import type { RunContext } from "./run_context.ts";

/** What was read before anything was changed: the text of a snapshot from a pipe, the files of routes, and that of engines. */
export type Given = {
  readonly snapshot: string | undefined;
  readonly routes: readonly RoutesFile[];
  readonly hosts: GivenHosts;
};

/** Where `run` learns of containers, engines or a snapshot, and of routes that are none. */
export async function openSource(context: RunContext, given: Given): Promise<ContainerSource> {
  const source = await openContainers(context, given);
  return given.routes.length === 0 ? source : new RoutesSource(source, given.routes, systemClock);
}

async function openContainers(context: RunContext, given: Given): Promise<ContainerSource> {
  const { settings: { snapshot, labelPrefix }, stateDir, report } = context;
  // A pipe is read once, and cannot be watched.
  const isPipe = snapshot === "-" || snapshot !== undefined &&
      await Deno.stat(snapshot).then(({ isFile }) => !isFile, () => false);
  if (isPipe) {
    const path = `${stateDir}/stdin.json`;
    await Deno.writeTextFile(path, given.snapshot ?? "", { mode: 0o600 });
    return new FileSource(path, systemClock, report, labelPrefix);
  }
  if (snapshot !== undefined) return new FileSource(absolute(snapshot), systemClock, report, labelPrefix);
  return openEngines(context, given.hosts);
}
