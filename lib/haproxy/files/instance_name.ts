import { writeFile } from "./safe_files.ts";

/**
 * The name by which HAProxy recognizes requests that it has forwarded before. The state directory keeps it over reloads
 * and starts. Every instance has another, and clients cannot guess it. Throws where it cannot be kept.
 */
export const instanceName = (stateDir: string): string =>
  keptText(stateDir, "instance", /^signalbox-[0-9a-f]{16}$/, () => `signalbox-${chance().slice(0, 16)}`);

/**
 * The secret that HAProxy makes sticky cookies from, together with a server's address. The state directory keeps it, so that
 * clients stay where they are over reloads and starts; two with the same secret set the same cookies. Throws where it
 * cannot be kept.
 */
export const cookieKey = (stateDir: string): string =>
  keptText(stateDir, "cookie-key", /^[A-Za-z0-9_-]{32,128}$/, chance);

/**
 * The name by which workers know each other when one teaches the next what its tables have: on an address that anybody on
 * this machine may connect to, it is the password too. Throws where it cannot be kept.
 */
export const peersKey = (stateDir: string): string =>
  keptText(stateDir, "peers-key", /^[0-9a-f]{32}$/, chance);

/** 122 bits of chance, as 32 digits. */
const chance = (): string => crypto.randomUUID().replaceAll("-", "");

function keptText(stateDir: string, file: string, pattern: RegExp, make: () => string): string {
  const path = `${stateDir}/${file}`;
  const before = read(path)?.trim();
  if (before !== undefined && pattern.test(before)) return before;
  const text = make();
  writeFile(path, text, "folders");
  Deno.chmodSync(path, 0o600);
  return text;
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
