import type { Remains } from "../core/read_back.ts";
import type { Survey } from "../core/survey.ts";
import type { Generation } from "../ports.ts";
import type { GenerationStore } from "./generation_store.ts";
import type { WorkerInfo } from "./worker.ts";

/** What is known of an HAProxy that was taken over. */
export type Found = {
  readonly worker: WorkerInfo;
  readonly store: GenerationStore;
  /** The version that `haproxy -v` tells: one that was upgraded meanwhile is to be loaded. */
  readonly programVersion: string;
  /** The process.cfg that this signalbox would write for a generation. */
  readonly processConfig: (generation: Generation) => string;
  readonly survey: () => Promise<Survey>;
};

/** The generation that a worker says it has loaded. */
export function generationOf(worker: WorkerInfo, store: GenerationStore): Generation | undefined {
  const number = /^generation-(\d+)$/.exec(worker.description)?.[1];
  return number === undefined ? undefined : store.find(Number(number));
}

/** Collects what tells what a worker has; answers with why that is not enough, where something calls for a reload. */
export async function collectRemains(found: Found): Promise<Remains | string> {
  const { worker, store } = found;
  if (worker.version !== found.programVersion) {
    return `HAProxy ${worker.version} runs, and ${found.programVersion} is installed`;
  }
  const generation = generationOf(worker, store);
  const current = await store.findCurrent();
  if (generation === undefined || current === undefined) return "what HAProxy has loaded is not known";
  try {
    const read = (folder: string, name: string) => Deno.readTextFile(`${folder}/${name}`);
    const loaded = await read(generation.folder, "haproxy.cfg");
    if (await read(generation.folder, "process.cfg") !== found.processConfig(generation)) {
      return "settings of HAProxy's process differ";
    }
    const changed = await findChanged(loaded, `${generation.folder}/haproxy.cfg`);
    if (changed !== undefined) return `${changed} has changed`;
    const names = ["haproxy.cfg", "hosts.map"];
    const files = await Promise.all(
      names.map(async (name) => [name, await read(current.folder, name)] as const),
    );
    return { loaded, current: new Map(files), survey: await found.survey() };
  } catch (error) {
    return `what HAProxy has loaded cannot be read: ${error instanceof Error ? error.message : error}`;
  }
}

/** The first certificate, or folder of them, that has changed since the config was written. */
async function findChanged(config: string, path: string): Promise<string | undefined> {
  const writtenAt = await changedAt(path);
  for (const [, certificate = ""] of config.matchAll(/ ssl crt "([^"]+)"/g)) {
    const paths = [certificate];
    if ((await Deno.stat(certificate)).isDirectory) {
      for await (const { name } of Deno.readDir(certificate)) paths.push(`${certificate}/${name}`);
    }
    for (const each of paths) if (await changedAt(each) >= writtenAt) return each;
  }
  return undefined;
}

/** When a file got what it has, or its name, in milliseconds; a copy may claim an older time of its content. */
async function changedAt(path: string): Promise<number> {
  const { mtime, ctime } = await Deno.stat(path);
  return Math.max(mtime?.getTime() ?? Infinity, ctime?.getTime() ?? 0);
}
