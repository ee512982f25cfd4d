import type { Settings } from "../core/settings/settings.ts";
import { formatNotice } from "../core/values/notice.ts";
import type { EngineHost } from "../docker/api/transport.ts";
import { HostsFile } from "../docker/file/hosts_file.ts";
import { absolute } from "./absolute.ts";
import { wrongUsage } from "./failure.ts";

/** The engines of `--docker-host`, and the file of `--docker-hosts-file`, not yet read. */
export type GivenHosts = {
  readonly fixed: readonly EngineHost[];
  readonly file: HostsFile | undefined;
  /** There is one engine, and no other can come: the settings say how its containers are reached. */
  readonly isAlone: boolean;
};

/** A snapshot stands in the place of engines. */
export const NO_HOSTS: GivenHosts = { fixed: [], file: undefined, isAlone: false };

/** Where engines are to be found, as settings say it. */
export function givenHosts(settings: Settings): GivenHosts {
  const { dockerHosts, dockerHostsFile } = settings;
  const tls = { isVerified: settings.dockerTlsVerify, certPath: settings.dockerCertPath };
  const fixed = dockerHosts.map((url) => ({ url, tls }));
  const file = dockerHostsFile === undefined
    ? undefined
    : new HostsFile(absolute(dockerHostsFile), tls, dockerHosts);
  return { fixed, file, isAlone: file === undefined && fixed.length === 1 };
}

/** The same, the file read. Throws Failure with code 2 where it cannot be used, or none of its lines. */
export async function readGivenHosts(settings: Settings): Promise<GivenHosts> {
  const given = givenHosts(settings);
  const { file } = given;
  await file?.read();
  const [notice] = file?.notices ?? [];
  const isNone = given.fixed.length === 0 && file?.hosts.length === 0 && notice !== undefined;
  const why = file?.trouble ?? (isNone ? notice.message : undefined);
  if (why !== undefined) throw wrongUsage(`cannot use --docker-hosts-file "${file?.path}": ${why}`);
  return given;
}

/** The engines to ask now, once. Throws Failure with code 2 for a line that cannot be used, unless that can be told. */
export async function hostsToAsk(
  settings: Settings,
  tell?: (line: string) => void,
): Promise<{ readonly hosts: readonly EngineHost[]; readonly isAlone: boolean }> {
  const { fixed, file, isAlone } = await readGivenHosts(settings);
  for (const notice of file?.notices ?? []) {
    if (tell === undefined) {
      throw wrongUsage(`cannot use --docker-hosts-file "${file?.path}": ${notice.message}`);
    }
    tell(formatNotice(notice));
  }
  return { hosts: [...fixed, ...file?.hosts ?? []], isAlone };
}
