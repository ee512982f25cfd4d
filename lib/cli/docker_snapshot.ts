import { systemClock } from "../clock.ts";
import type { Settings } from "../core/settings/settings.ts";
import { messageOf } from "../core/values/message_of.ts";
import { formatNotice } from "../core/values/notice.ts";
import { readContainers, type Which } from "../docker/api/read_containers.ts";
import { engineAddressOf, type EngineHost, openTransport } from "../docker/api/transport.ts";
import type { EngineTransport } from "../docker/api/modem.ts";
import { encodeSnapshot, reduceContainer, withoutSecrets } from "../docker/file/snapshot_file.ts";
import { reduceSwarm } from "../docker/file/swarm_file.ts";
import { SwarmGathering } from "../docker/file/swarm_snapshot.ts";
import { askRootless } from "../docker/api/rootless.ts";
import { compileForMany } from "./compilers.ts";
import { dockerRemedy } from "./docker_remedy.ts";
import { hostsToAsk } from "./engine_hosts.ts";
import { failed, type Failure } from "./failure.ts";
import { folderOnDemand } from "./temporary_folder.ts";

/** What is read of Docker. */
export type DockerQuestion = {
  readonly which?: Which;
  /** Whether the text is for a file that is kept, which gets no secret. */
  readonly use: "kept" | "read";
  /** Hears of engines that do not answer and of lines that name none; without it, the first of them fails the command. */
  readonly tell?: (line: string) => void;
};

/** What one engine said. */
type Answer = {
  readonly transport: EngineTransport;
  readonly isLocal: boolean;
  readonly found: readonly unknown[];
};

/**
 * What Docker says now, as `signalbox snapshot` writes it. Throws Failure: with code 1 where an engine does not answer, with
 * 2 where the file of engines cannot be used.
 */
export async function snapshotOfDocker(
  settings: Settings,
  { which = "running", use, tell }: DockerQuestion,
): Promise<string> {
  const ending = new AbortController();
  const folder = folderOnDemand();
  const keep = (reduced: unknown) => use === "read" ? reduced : withoutSecrets(reduced, settings.labelPrefix);
  const swarm = new SwarmGathering(systemClock, Deno.networkInterfaces());
  try {
    const { hosts, isAlone } = await hostsToAsk(settings, tell);
    const ask = async ({ url, tls }: EngineHost): Promise<Answer> => {
      const ssh = { folder: folder.path, clock: systemClock };
      const transport = await openTransport(url, tls, ssh, ending.signal);
      const { address, isLocal } = await engineAddressOf(url);
      const rootless = await askRootless(transport, systemClock, ending.signal);
      const tag = isAlone && rootless === undefined ? undefined : {
        Address: address,
        IsLocal: isLocal,
        ...!isAlone && { Name: url },
        ...rootless !== undefined && { Rootless: rootless },
      };
      const found = await readContainers(transport, systemClock, ending.signal, which, compileForMany);
      return { transport, isLocal, found: found.map((json) => keep(reduceContainer(json, tag))) };
    };
    const answers = await Promise.allSettled(hosts.map(ask));
    const containers: unknown[] = [];
    const failures: Failure[] = [];
    const away: string[] = [];
    for (const [at, { url }] of hosts.entries()) {
      try {
        const answer = answers[at];
        if (answer?.status !== "fulfilled") throw answer?.reason;
        containers.push(...answer.value.found);
        await swarm.ask(answer.value.transport, answer.value.isLocal, ending.signal);
      } catch (error) {
        const why = messageOf(error);
        failures.push(failed(`cannot read containers from Docker at ${url}: ${why}; ${adviceFor(url, why)}`));
        const message = `it does not answer, and its containers are not among these: ${why}`;
        away.push(formatNotice({ severity: "warning", code: "engine-away", subject: url, message }));
      }
    }
    const [first] = failures;
    if (first !== undefined && (tell === undefined || failures.length === hosts.length)) throw first;
    for (const line of away) tell?.(line);
    const { found } = swarm;
    const said = found === undefined ? {} : reduceSwarm(found, settings.labelPrefix, use === "read");
    return encodeSnapshot(containers, said);
  } finally {
    ending.abort();
    await folder.remove();
  }
}

const adviceFor = (url: string, why: string): string =>
  `${dockerRemedy(url, why)}; or give a file with --snapshot`;
