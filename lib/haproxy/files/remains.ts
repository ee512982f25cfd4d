import { LUA_FILES } from "../../core/config/lua_files.ts";
import { LAST_TRY } from "../../core/config/render.ts";
import { ERROR_PAGES_MAP } from "../../core/model/error_pages.ts";
import { type CertificateFile, CERTS_LIST, SHOWN_LIST } from "../../core/certificates/choose.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { Remains } from "../../core/plan/read_back.ts";
import type { Survey } from "../../core/state/survey.ts";
import type { Generation } from "../../ports.ts";
import { certificatesIn } from "./certificate_folder.ts";
import type { ConfigWriter } from "./config_writer.ts";
import type { GenerationStore } from "./generation_store.ts";
import type { WorkerInfo } from "../socket/worker.ts";

/** What an adopted HAProxy is examined with. */
export type Found = {
  readonly worker: WorkerInfo;
  readonly writer: ConfigWriter;
  /** The version that `haproxy -v` tells: after an upgrade of the program, HAProxy needs a load. */
  readonly programVersion: string;
  readonly survey: (certificates: readonly CertificateFile[]) => Promise<Survey>;
};

/** The generation that a worker says it has loaded. */
export function generationOf(worker: WorkerInfo, store: GenerationStore): Generation | undefined {
  const number = /^generation-(\d+)$/.exec(worker.description)?.[1];
  return number === undefined ? undefined : store.find(Number(number));
}

/** Collects what tells what a worker has; answers with the reason where it needs a reload anyway. */
export async function collectRemains(found: Found): Promise<Remains | string> {
  const { worker, writer } = found;
  const { store } = writer;
  if (worker.version !== found.programVersion) {
    return `HAProxy ${worker.version} runs, and ${found.programVersion} is installed`;
  }
  if (writer.templates.overlaid.size > 0) return "custom templates are in use";
  if (store.isLoading) return "the last reload was not finished";
  const generation = generationOf(worker, store);
  const current = store.findCurrent();
  if (generation === undefined || current === undefined) return "it is not known what HAProxy has loaded";
  try {
    const read = (folder: string, name: string) => Deno.readTextFile(`${folder}/${name}`);
    const loaded = await read(generation.folder, "haproxy.cfg");
    if (await read(generation.folder, "process.cfg") !== writer.processConfig(generation)) {
      return "settings of HAProxy's process differ";
    }
    const changed = await findChanged(loaded, `${generation.folder}/haproxy.cfg`);
    if (changed !== undefined) return `${changed} has changed`;
    // A file that HAProxy does not name may be missing, whatever comments say.
    const named = loaded.replace(/^\s*#.*$/gm, "");
    const certificates = certificatesIn(current.folder);
    const survey = await found.survey([...certificates.keys()]);
    const others = [...survey.tables.keys(), CERTS_LIST, SHOWN_LIST, LAST_TRY, ERROR_PAGES_MAP, ...LUA_FILES]
      .filter((
        name,
      ) => named.includes(name));
    const files = await Promise.all(
      ["haproxy.cfg", ...others].map(async (name) => [name, await read(current.folder, name)] as const),
    );
    return { loaded, current: new Map(files), survey, certificates };
  } catch (error) {
    return `what HAProxy has loaded cannot be read: ${messageOf(error)}`;
  }
}

/** The first certificate, folder of certificates or other file of a listener that changed after the config was written. */
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

/** File times count in whole seconds: a change within the same second may be the later one. */
const CTIME_GRAIN_MS = 999;

/** When a path last changed, in milliseconds; a copied file may claim an older time for its content. */
async function changedAt(path: string): Promise<number> {
  const times = await Promise.all([Deno.stat(path), Deno.lstat(path)]);
  return Math.max(...times.flatMap(({ mtime, ctime }) => [
    mtime?.getTime() ?? Infinity,
    (ctime?.getTime() ?? 0) + CTIME_GRAIN_MS,
  ]));
}
