import { writeFile } from "./safe_files.ts";

const NAME = /^signalbox-[0-9a-f]{16}$/;

/**
 * The name by which HAProxy recognizes requests that it has forwarded before. The state directory keeps it over reloads
 * and starts. Every instance has another, and clients cannot guess it. Throws where it cannot be kept.
 */
export function instanceName(stateDir: string): string {
  const path = `${stateDir}/instance`;
  const before = read(path);
  if (before !== undefined && NAME.test(before)) return before;
  const name = `signalbox-${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  writeFile(path, name, "folders");
  Deno.chmodSync(path, 0o600);
  return name;
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
