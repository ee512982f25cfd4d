import { isOwnAddressFirst } from "../../core/model/choose_endpoint.ts";
import { systemChance, systemClock } from "../../clock.ts";
import { DockerSource } from "../../docker/follow/docker_source.ts";
import { EngineFollower } from "../../docker/follow/engine_follower.ts";
import { SwarmFollower } from "../../docker/follow/swarm_follower.ts";
import { SwarmLink } from "../../docker/follow/swarm_link.ts";
import { FileSource } from "../../docker/file/file_source.ts";
import type { RoutesFile } from "../../docker/file/routes_file.ts";
import { RoutesSource } from "../../docker/file/routes_source.ts";
import { engineAddressOf, openTransport } from "../../docker/api/transport.ts";
import { leaveLostFolder } from "../../haproxy/process/working_folder.ts";
import type { ContainerSource } from "../../ports.ts";
import { ConnectionCheck } from "../../probe/answers.ts";
import { absolute } from "../absolute.ts";
import type { RunContext } from "./run_context.ts";

/** What was read before anything was changed: the text of a snapshot from a pipe, and the files of routes. */
export type Given = { readonly snapshot: string | undefined; readonly routes: readonly RoutesFile[] };

/** Where `run` learns of containers, engines or a snapshot, and of routes that are none. */
export async function openSource(context: RunContext, given: Given): Promise<ContainerSource> {
  const source = await openContainers(context, given.snapshot);
  return given.routes.length === 0 ? source : new RoutesSource(source, given.routes, systemClock);
}

async function openContainers(
  { settings, routing, stateDir, report }: RunContext,
  given: string | undefined,
): Promise<ContainerSource> {
  const { snapshot } = settings;
  // A pipe is read once, and cannot be watched.
  const isPipe = snapshot === "-" || snapshot !== undefined &&
      await Deno.stat(snapshot).then(({ isFile }) => !isFile, () => false);
  if (isPipe) {
    const path = `${stateDir}/stdin.json`;
    await Deno.writeTextFile(path, given ?? "", { mode: 0o600 });
    return new FileSource(path, systemClock, report, settings.labelPrefix);
  }
  if (snapshot !== undefined) {
    return new FileSource(absolute(snapshot), systemClock, report, settings.labelPrefix);
  }
  const tls = { isVerified: settings.dockerTlsVerify, certPath: settings.dockerCertPath };
  const ssh = { folder: () => Promise.resolve(stateDir), clock: systemClock };
  const check = new ConnectionCheck(systemClock);
  const isAlone = settings.dockerHosts.length === 1;
  const transportTo = (url: string) => (connection: AbortSignal) => {
    leaveLostFolder();
    return openTransport(url, tls, ssh, connection);
  };
  const interfaces = () => Deno.networkInterfaces();
  const parts = { interfaces, clock: systemClock, chance: systemChance };
  const links = settings.dockerHosts.map((url) =>
    new SwarmLink({
      ...parts,
      url,
      openTransport: transportTo(url),
      findIsLocal: async () => (await engineAddressOf(url)).isLocal,
    })
  );
  const followers = settings.dockerHosts.map((url) =>
    new EngineFollower({
      url,
      labelPrefix: settings.labelPrefix,
      openTransport: transportTo(url),
      findAddress: isAlone ? () => Promise.resolve(undefined) : () => engineAddressOf(url),
      answers: (container) => check.answersAtAll(container),
      untilGone: (container, signal) => check.untilGone(container, signal),
      isReachedDirectly: (container) => isOwnAddressFirst(container, routing.now.settings.address),
      clock: systemClock,
      chance: systemChance,
      report,
    })
  );
  return new DockerSource(
    followers,
    new SwarmFollower({ ...parts, links, labelPrefix: settings.labelPrefix, report }),
  );
}
