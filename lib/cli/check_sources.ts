import { systemClock } from "../clock.ts";
import type { Settings } from "../core/settings/settings.ts";
import { count } from "../core/values/count.ts";
import { messageOf } from "../core/values/message_of.ts";
import { connectEngine } from "../docker/api/connect.ts";
import { type EngineHost, openTransport } from "../docker/api/transport.ts";
import type { HostsFile } from "../docker/file/hosts_file.ts";
import { routesFiles } from "../docker/file/routes_file.ts";
import { absolute } from "./absolute.ts";
import type { Check } from "./check.ts";
import { dockerRemedy } from "./docker_remedy.ts";
import { givenHosts } from "./engine_hosts.ts";
import { folderOnDemand } from "./temporary_folder.ts";

/** Whether each engine answers, and whether their file can be used. */
export async function checkDocker(settings: Settings): Promise<readonly Check[]> {
  if (settings.snapshot !== undefined) return [];
  const { fixed, file } = givenHosts(settings);
  await file?.read();
  const engines = await Promise.all([...fixed, ...file?.hosts ?? []].map(checkEngine));
  return [...file === undefined ? [] : [checkFile(file)], ...engines];
}

function checkFile(file: HostsFile): Check {
  const { isConnected: isGood, name, detail } = file.describe();
  const remedy = "mend the file, or name another one with --docker-hosts-file";
  return { name: `engines of ${name}`, isGood, detail, ...!isGood && { remedy } };
}

async function checkEngine({ url, tls }: EngineHost): Promise<Check> {
  const name = `Docker at ${url}`;
  const ending = new AbortController();
  const folder = folderOnDemand();
  try {
    const engine = await connectEngine(
      await openTransport(url, tls, { folder: folder.path, clock: systemClock }, ending.signal),
      systemClock,
      ending.signal,
    );
    const listed = await engine.list(ending.signal);
    engine.close();
    const detail = `engine ${engine.description}, ${count(listed.length, "running container")}`;
    return { name, isGood: true, detail };
  } catch (error) {
    return { name, isGood: false, detail: messageOf(error), remedy: dockerRemedy(url, messageOf(error)) };
  } finally {
    ending.abort();
    await folder.remove();
  }
}

/** Whether each file of routes can be used. */
export async function checkRoutes({ routes }: Settings): Promise<readonly Check[]> {
  const checks = routesFiles(routes.map(absolute)).map(async (file) => {
    await file.read();
    const isGood = file.notice === undefined;
    return {
      name: `routes of ${file.name.path}`,
      isGood,
      detail: isGood ? count(file.views.length, "route") : file.why,
      remedy: "mend the file, or name another one with --routes",
    };
  });
  return await Promise.all(checks);
}
