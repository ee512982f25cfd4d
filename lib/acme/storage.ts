import { certificateIds } from "../core/acme/der.ts";
import { readX509 } from "../core/certificates/x509.ts";
import { type AcmeRecord, decodeRecord, emptyRecord } from "../core/acme/record.ts";
import type { Held } from "../core/acme/schedule.ts";
import { type AccountKey, bytesOf, makeKey, readAccountKey } from "./account_key.ts";
import { encodeBase64Url } from "./base64url.ts";

/** The folder of fetched certificates below the storage. */
export const certificatesOf = (storage: string): string => `${storage}/certificates`;

const AUTHORITY = "# fetched by signalbox from ";

type Seen = { readonly stamp: string; readonly held: Held | undefined };

/** What is kept on disk: the account's key, certificates with their keys, and what must be remembered. */
export class AcmeStorage {
  readonly #seen = new Map<string, Seen>();

  constructor(readonly folder: string) {}

  /** Makes its folders where they are missing, closed to others. */
  async open(): Promise<void> {
    await Deno.mkdir(certificatesOf(this.folder), { recursive: true, mode: 0o700 });
  }

  /** The account's key, if there is one. Throws where it cannot be used. */
  async knownKey(): Promise<AccountKey | undefined> {
    const path = `${this.folder}/account.pem`;
    const text = await readOrNothing(path);
    return text === undefined ? undefined : await readKeyOf(path, text);
  }

  /** The account's key; makes it where there is none. Of several that make one at once, the first counts for all. */
  async accountKey(): Promise<AccountKey> {
    const before = await this.knownKey();
    if (before !== undefined) return before;
    const path = `${this.folder}/account.pem`;
    await this.open();
    const temporary = await writeBeside(path, (await makeKey()).pem);
    try {
      await Deno.link(temporary, path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    } finally {
      await Deno.remove(temporary);
    }
    return await readKeyOf(path, await Deno.readTextFile(path));
  }

  /** The certificates that are there; what is none is left out. */
  async list(): Promise<Held[]> {
    const folder = certificatesOf(this.folder);
    const found: Held[] = [];
    const names = new Set<string>();
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.endsWith(".pem") || name.startsWith(".")) continue;
      names.add(name);
      const { mtime, size, ino } = await Deno.stat(`${folder}/${name}`);
      const stamp = `${mtime?.getTime()} ${size} ${ino}`;
      const before = this.#seen.get(name);
      const seen = before?.stamp === stamp
        ? before
        : { stamp, held: await readHeld(`${folder}/${name}`, name) };
      this.#seen.set(name, seen);
      if (seen.held !== undefined) found.push(seen.held);
    }
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    return found;
  }

  /**
   * Puts a certificate with its key in place at once, and answers with it. `isKept` says of the one before whether it is
   * still for hosts that the new one is not for: then it stays, under another name.
   */
  async put(name: string, pem: string, authority: string, isKept: (before: Held) => boolean): Promise<Held> {
    const path = `${certificatesOf(this.folder)}/${name}.pem`;
    const temporary = await writeBeside(path, `${AUTHORITY}${authority}\n${pem}`);
    try {
      const before = await readHeld(path, `${name}.pem`);
      if (before !== undefined && isKept(before)) {
        await Deno.rename(path, await freeName(`${certificatesOf(this.folder)}/${name}.${before.fromMs}`));
      }
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
    const held = await readHeld(path, `${name}.pem`);
    if (held === undefined) {
      throw new Error(`what ${authority} gave for ${name} cannot be read as a certificate`);
    }
    return held;
  }

  /** Takes a certificate away. */
  async remove({ name }: Held): Promise<void> {
    await Deno.remove(`${certificatesOf(this.folder)}/${name}.pem`);
  }

  /** What was remembered. */
  async record(): Promise<AcmeRecord> {
    const text = await readOrNothing(`${this.folder}/record.json`);
    return text === undefined ? emptyRecord : decodeRecord(text);
  }

  /** Remembers. Throws where it cannot be written: then nothing may be ordered, either. */
  async keep(record: AcmeRecord): Promise<void> {
    const path = `${this.folder}/record.json`;
    await Deno.rename(await writeBeside(path, `${JSON.stringify(record, null, 1)}\n`), path);
  }
}

/** The name of a file that is not there yet: authorities count in seconds, and may give two certificates in one. */
async function freeName(stem: string): Promise<string> {
  for (let at = 0;; at++) {
    const path = `${stem}${at === 0 ? "" : `-${at}`}.pem`;
    if (await readOrNothing(path) === undefined) return path;
  }
}

async function readKeyOf(path: string, text: string): Promise<AccountKey> {
  try {
    return await readAccountKey(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot use ${path}: ${why}, expected a key of ECDSA P-256, or no such file`);
  }
}

/** Writes a file of our own beside another one, so that it is on the disk before it takes a name. */
async function writeBeside(path: string, text: string): Promise<string> {
  const slash = path.lastIndexOf("/") + 1;
  const temporary = `${path.slice(0, slash)}.${path.slice(slash)}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
    return temporary;
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function readHeld(path: string, file: string): Promise<Held | undefined> {
  const text = await readOrNothing(path);
  if (text === undefined) return undefined;
  try {
    const certificate = bytesOf(text, "CERTIFICATE");
    const { names, validFrom, validTo } = readX509(certificate);
    const ids = certificateIds(certificate);
    return {
      name: file.replace(/\.pem$/, ""),
      names,
      fromMs: validFrom,
      untilMs: validTo,
      id: ids && `${encodeBase64Url(ids.keyId)}.${encodeBase64Url(ids.serial)}`,
      authority: text.startsWith(AUTHORITY) ? text.slice(AUTHORITY.length, text.indexOf("\n")) : undefined,
    };
  } catch {
    return undefined;
  }
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
