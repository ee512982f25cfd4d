import { type CertificateSet, DEFAULT_FILE } from "../../core/certificates/choose.ts";
import { CERTIFICATE_FOLDER } from "./certificate_folder.ts";
import { inFolderOf, type Trust } from "./trusted_path.ts";

const DEFAULT_NAME = DEFAULT_FILE.slice(CERTIFICATE_FOLDER.length + 1);

/**
 * Links the files that certs.list names, in a folder, to those that the operator gave: no key is copied to where people
 * look at a config or commit it. Links of before that are not needed any more go. Throws UntrustedPathError, and where
 * something that is no link is in the way.
 */
export function linkCertificates(set: CertificateSet, folder: string, trust: Trust): void {
  const targets = targetsOf(set);
  // A name that is not there: the names of before are links, which would be followed.
  inFolderOf(`${folder}${CERTIFICATE_FOLDER}/.${crypto.randomUUID()}`, trust, () => {
    const found = [...Deno.readDirSync(".")];
    const other = found.find(({ name, isSymlink }) =>
      targets.has(name) && !isSymlink && name !== DEFAULT_NAME
    );
    if (other !== undefined) throw new Error(`${CERTIFICATE_FOLDER}/${other.name} is no link of ours`);
    for (const { name, isSymlink } of found) if (isSymlink && !targets.has(name)) Deno.removeSync(name);
    for (const [name, target] of targets) replace(name, (temporary) => Deno.symlinkSync(target, temporary));
    // What signed itself has no file that a link could lead to.
    for (const { file, certificate: made } of set.rows) {
      if (made?.path !== "") continue;
      const text = made.pem.reveal();
      const name = file.slice(CERTIFICATE_FOLDER.length + 1);
      replace(name, (path) => Deno.writeTextFileSync(path, text, { createNew: true, mode: 0o600 }));
    }
  });
}

/** Where the links lead, by their names. */
function targetsOf({ rows, named = [] }: CertificateSet): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  const listed = rows.map(({ file, certificate }) => ({
    file,
    path: "",
    keyPath: undefined,
    ...certificate,
  }));
  for (const { file, path, keyPath } of [...listed, ...named]) {
    if (path === "") continue;
    const name = file.slice(CERTIFICATE_FOLDER.length + 1);
    targets.set(name, path);
    // HAProxy looks there for a key that is not in the file (HAProxy manual, 3.1, `ssl-load-extra-files`).
    if (keyPath !== undefined) targets.set(`${name}.key`, keyPath);
  }
  return targets;
}

function replace(name: string, make: (temporary: string) => void): void {
  const temporary = `.${name.slice(0, 100)}.signalbox-${crypto.randomUUID().slice(0, 8)}`;
  make(temporary);
  try {
    Deno.renameSync(temporary, name);
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  }
}
