import { messageOf } from "../core/values/message_of.ts";

/** A file that may hold a certificate or a key, read. */
export type GivenFile = { readonly name: string; readonly path: string; readonly text: string };

/** Files that lie together: signalbox looks for a certificate's key among them. */
export type GivenGroup = {
  /** The name of the folder, where that is one of several. */
  readonly folder: string | undefined;
  readonly files: readonly GivenFile[];
  /** Files that are there for their keys alone. */
  readonly keys: readonly GivenFile[];
  /** Those that cannot be read, and why. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
};

/** In bytes; a longer file is no certificate. */
const LONGEST_FILE = 1_048_576;

/** Names under which tools lay the key beside a certificate that has one of these names. */
const FULL_CHAINS = /^(?:fullchain|cert|chain)\d*\.(?:pem|crt|cer)$/;
const THEIR_KEYS = ["privkey.pem", "privkey.key", "key.pem"];

/**
 * Reads a file with the key beside it, or a folder and the folders in it, as certbot and acme.sh lay them out. Throws where
 * it cannot be read.
 */
export async function readGiven(path: string): Promise<readonly GivenGroup[]> {
  const { isFile, isDirectory } = await Deno.stat(path);
  if (isFile) return [await readAlone(path)];
  if (!isDirectory) throw new Error(`${path} is no regular file`);
  const folder = path.replace(/\/+$/, "") || "/";
  const { group, folders } = await readFolder(folder, undefined);
  const inner = await Promise.all(
    folders.map((name) =>
      readFolder(`${folder}/${name}`, name).then(({ group }) => group, (error): GivenGroup => ({
        folder: name,
        files: [],
        keys: [],
        unread: [{ path: `${folder}/${name}`, why: messageOf(error) }],
      }))
    ),
  );
  return [group, ...inner];
}

async function readAlone(path: string): Promise<GivenGroup> {
  const slash = path.lastIndexOf("/");
  const [folder, name] = [path.slice(0, slash), path.slice(slash + 1)];
  const text = await readShort(path);
  const candidates = [
    `${name}.key`,
    `${name.replace(/\.[^.]*$/, "")}.key`,
    ...FULL_CHAINS.test(name) ? THEIR_KEYS : [],
  ];
  const keys: GivenFile[] = [];
  for (const candidate of candidates) {
    const path = `${folder}/${candidate}`;
    const text = await readShort(path).catch(() => undefined);
    if (text !== undefined) keys.push({ name: candidate, path, text });
  }
  return { folder: undefined, files: [{ name, path, text }], keys, unread: [] };
}

async function readFolder(
  folder: string,
  called: string | undefined,
): Promise<{ readonly group: GivenGroup; readonly folders: readonly string[] }> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const files: GivenFile[] = [];
  const unread: { path: string; why: string }[] = [];
  const folders: string[] = [];
  for (const name of names) {
    // Kubernetes and editors keep hidden files beside the certificates.
    if (name.startsWith(".")) continue;
    const path = `${folder}/${name}`;
    try {
      const { isFile, isDirectory } = await Deno.stat(path);
      if (isDirectory) folders.push(name);
      else if (isFile) files.push({ name, path, text: await readShort(path) });
      else unread.push({ path, why: "it is no regular file" });
    } catch (error) {
      unread.push({ path, why: messageOf(error) });
    }
  }
  return { group: { folder: called, files, keys: [], unread }, folders };
}

async function readShort(path: string): Promise<string> {
  const { isFile, size } = await Deno.stat(path);
  // Reading a pipe might never end.
  if (!isFile) throw new Error(`${path} is no regular file`);
  if (size > LONGEST_FILE) throw new Error(`${path} is longer than ${LONGEST_FILE} bytes`);
  return await Deno.readTextFile(path);
}
