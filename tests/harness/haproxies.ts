/** The HAProxy versions that this machine can test on. */
import { fileURLToPath } from "node:url";

/** One program, and what it says it is: "2.6.12". */
export interface HaproxyProgram {
  readonly version: string;
  readonly path: string;
  /** New hosts are made by `add backend` there, as the user wanted; else they take spares. */
  readonly addsBackends?: boolean;
}

/** The haproxy on PATH first, then those that `scripts/dev haproxies` unpacked, oldest first. */
export async function haproxies(): Promise<HaproxyProgram[]> {
  const shelf = fileURLToPath(new URL("../../.cache/haproxy/", import.meta.url));
  const unpacked: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(shelf)) {
      if (isDirectory && /^\d+\.\d+$/.test(name)) unpacked.push(`${shelf}${name}/haproxy`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const byVersion = new Intl.Collator("en", { numeric: true }).compare;
  const path = (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin").map((folder) =>
    `${folder}/haproxy`
  );
  const onPath = (await Promise.all(path.map(ask))).find((found) => found !== undefined);
  const others = (await Promise.all(unpacked.sort(byVersion).map(ask))).filter((found) =>
    found !== undefined
  );
  return onPath === undefined ? others : [onPath, ...others];
}

async function ask(path: string): Promise<HaproxyProgram | undefined> {
  try {
    const { stdout } = await new Deno.Command(path, { args: ["-v"], stdin: "null", stderr: "null" }).output();
    const version = /version (\d+\.\d+[.\d]*)/.exec(new TextDecoder().decode(stdout))?.[1];
    return version === undefined ? undefined : { version, path };
  } catch {
    return undefined;
  }
}
