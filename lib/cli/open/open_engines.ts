import { isOwnAddressFirst } from "../../core/model/choose_endpoint.ts";
import { systemChance, systemClock } from "../../clock.ts";
import { DockerSource } from "../../docker/follow/docker_source.ts";
import { EngineFollower } from "../../docker/follow/engine_follower.ts";
import { FollowedEngines } from "../../docker/follow/followed_engines.ts";
import { SwarmFollower } from "../../docker/follow/swarm_follower.ts";
import { SwarmLink } from "../../docker/follow/swarm_link.ts";
import { WatchedHosts } from "../../docker/follow/watched_hosts.ts";
import { engineAddressOf, type EngineHost, openTransport } from "../../docker/api/transport.ts";
import type { Rootless } from "../../core/snapshot/snapshot.ts";
import { leaveLostFolder } from "../../haproxy/process/working_folder.ts";
import type { ContainerSource } from "../../ports.ts";
import { ConnectionCheck } from "../../probe/answers.ts";
import { compileForMany } from "../compilers.ts";
import type { GivenHosts } from "../engine_hosts.ts";
import type { RunContext } from "./run_context.ts";

/** The engines that `run` follows: those of `--docker-host`, and those of a file, which is watched. */
export function openEngines(context: RunContext, { fixed, file, isAlone }: GivenHosts): ContainerSource {
  const { settings: { labelPrefix }, report } = context;
  const engines = new FollowedEngines({
    hosts: [...fixed, ...file?.hosts ?? []],
    open: engineOpener(context, isAlone),
    clock: systemClock,
  });
  const swarm = new SwarmFollower({ ...TIME, links: () => engines.links, labelPrefix, report });
  const watched = file && new WatchedHosts({ file, others: fixed, clock: systemClock });
  return new DockerSource(engines, { swarm, ...watched && { file: watched } });
}

const TIME = { interfaces: () => Deno.networkInterfaces(), clock: systemClock, chance: systemChance };

function engineOpener({ settings, routing, stateDir, report }: RunContext, isAlone: boolean) {
  const ssh = { folder: () => Promise.resolve(stateDir), clock: systemClock };
  const check = new ConnectionCheck(systemClock);
  return (url: string, host: () => EngineHost) => {
    const open = (connection: AbortSignal) => {
      leaveLostFolder();
      return openTransport(url, host().tls, ssh, connection);
    };
    const findAddress = async (rootless: Rootless | undefined) =>
      isAlone && rootless === undefined ? undefined : {
        ...await engineAddressOf(url),
        ...!isAlone && { name: url },
        ...rootless !== undefined && { rootless },
      };
    const findIsLocal = async () => (await engineAddressOf(url)).isLocal;
    const link = new SwarmLink({ ...TIME, url, openTransport: open, findIsLocal });
    const follower = new EngineFollower({
      ...TIME,
      url,
      labelPrefix: settings.labelPrefix,
      openTransport: open,
      findAddress,
      answers: (container) => check.answersAtAll(container),
      untilGone: (container, signal) => check.untilGone(container, signal),
      isReachedDirectly: (container) => isOwnAddressFirst(container, routing.now.settings.address),
      onList: compileForMany,
      report,
    });
    return { follower, link };
  };
}
