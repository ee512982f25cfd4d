import type { ProcessSettings } from "../../core/config/process_config.ts";

type Place = Pick<ProcessSettings, "chroot">;

/**
 * The folder of the sockets over which HAProxy speaks to itself. The state directory, in which it is, is closed to all other
 * users: nobody else can connect to them, or take their names first.
 */
export const socketsFolder = (stateDir: string, { chroot }: Place): string => chroot ?? stateDir;

/** The files of these sockets that there are. */
export async function innerSockets(stateDir: string, place: Place): Promise<readonly string[]> {
  const folder = socketsFolder(stateDir, place);
  try {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return names.filter((name) => /^(?:https|acme|tls-\d+)[.]sock$/.test(name)).map((name) =>
      `${folder}/${name}`
    );
  } catch {
    return [];
  }
}

/** What the config needs to know of the folder: where HAProxy binds, and what its workers, locked into it, call it. */
export const socketsEnvironment = (stateDir: string, place: Place): Readonly<Record<string, string>> => ({
  SIGNALBOX_SOCKETS: socketsFolder(stateDir, place),
  SIGNALBOX_SOCKETS_INSIDE: place.chroot === undefined ? stateDir : "",
});
