import { LAST_TRY } from "../../core/config/render.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { Remains } from "../../core/plan/read_back.ts";
import type { Survey } from "../../core/state/survey.ts";
import type { Generation } from "../../ports.ts";
import type { ConfigWriter } from "./config_writer.ts";
import type { GenerationStore } from "./generation_store.ts";
import type { WorkerInfo } from "../socket/worker.ts";

/** What is known of an HAProxy that was taken over. */
export type Found = {
  readonly worker: WorkerInfo;
  readonly writer: ConfigWriter;
  /** The version that `haproxy -v` tells: one that was upgraded meanwhile is to be loaded. */
  readonly programVersion: string;
  readonly survey: () => Promise<Survey>;
};

/** The generation that a worker says it has loaded. */
export function generationOf(worker: WorkerInfo, store: GenerationStore): Generation | undefined {
  const number = /^generation-(\d+)$/.exec(worker.description)?.[1];
  return number === undefined ? undefined : store.find(Number(number));
}

/** Collects what tells what a worker has; answers with why that is not enough, where something calls for a reload. */
export async function collectRemains(found: Found): Promise<Remains | string> {
  const { worker, writer } = found;
  const { store } = writer;
  if (worker.version !== found.programVersion) {
    return `HAProxy ${worker.version} runs, and ${found.programVersion} is installed`;
  }
  if (writer.templates.overlaid.size > 0) return "custom templates are in use";
  if (store.isLoading) return "the last reload was not finished";
  const generation = generationOf(worker, store);
  const current = await store.findCurrent();
  if (generation === undefined || current === undefined) return "it is not known what HAProxy has loaded";
  try {
    const read = (folder: string, name: string) => Deno.readTextFile(`${folder}/${name}`);
    const loaded = await read(generation.folder, "haproxy.cfg");
    if (await read(generation.folder, "process.cfg") !== writer.processConfig(generation)) {
      return "settings of HAProxy's process differ";
    }
    const changed = await findChanged(loaded, `${generation.folder}/haproxy.cfg`);
    if (changed !== undefined) return `${changed} has changed`;
    // One that HAProxy does not name may not be there.
    const survey = await found.survey();
    const others = [...survey.tables.keys(), LAST_TRY].filter((name) => loaded.includes(name));
    const files = await Promise.all(
      ["haproxy.cfg", ...others].map(async (name) => [name, await read(current.folder, name)] as const),
    );
    return { loaded, current: new Map(files), survey };
  } catch (error) {
    return `what HAProxy has loaded cannot be read: ${messageOf(error)}`;
  }
}

/** The first certificate, folder of them or other file of a listener that has changed since the config was written. */
async function findChanged(config: string, path: string): Promise<string | undefined> {
  const writtenAt = (await Deno.stat(path)).mtime?.getTime() ?? 0;
  const binds = config.split("\n").filter((line) => /^\s*bind\s/.test(line)).join("\n");
  for (const [, file = ""] of binds.matchAll(/\s"?(\/[^\s"]+)"?/g)) {
    const paths = [file];
    if ((await Deno.stat(file)).isDirectory) {
      for await (const { name } of Deno.readDir(file)) paths.push(`${file}/${name}`);
    }
    for (const each of paths) if (await changedAt(each) >= writtenAt) return each;
  }
  return undefined;
}

/** Times of change are told in whole seconds: what changed in the same one may have changed after it. */
const CTIME_GRAIN_MS = 999;

/** When a path got what it has, in milliseconds, at the latest; a copy may claim an older time of its content. */
async function changedAt(path: string): Promise<number> {
  const times = await Promise.all([Deno.stat(path), Deno.lstat(path)]);
  return Math.max(...times.flatMap(({ mtime, ctime }) => [
    mtime?.getTime() ?? Infinity,
    (ctime?.getTime() ?? 0) + CTIME_GRAIN_MS,
  ]));
}
