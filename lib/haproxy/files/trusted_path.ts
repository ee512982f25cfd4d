/**
 * Opens paths step by step. It follows no link that another user made. Where it matters, it uses no folder in which
 * another user can replace what was looked at. ssh has the same rules for its keys (sshd_config(5), StrictModes).
 */

/** A path leads through something that another user made or can change; the message names the place. */
export class UntrustedPathError extends Error {
  override readonly name = "UntrustedPathError";
}

/**
 * What a path has to fulfil. `links`: only our own links and root's are followed; for files that a user writes by hand into
 * a folder of others, as CI does into a checkout. `folders`: in addition, no other user can write any folder on the path.
 */
export type Trust = "links" | "folders";

/** As many links as the kernel follows. */
const MOST_LINKS = 40;
const STICKY = 0o1000;

/**
 * Changes to the folder of a file, and calls `act` with the file's last name there, so that no other user can redirect it
 * meanwhile. Makes missing folders, and follows links to the end. Synchronous, since the working folder is the whole
 * process's. Throws UntrustedPathError.
 */
export function inFolderOf<T>(path: string, trust: Trust, act: (name: string, place: string) => T): T {
  return fromHere(() => {
    const way = new Way(trust);
    const name = way.goToFolderOf(path, 0o755) ?? "";
    return act(name, way.nameOf(name));
  });
}

/** Changes to a folder, made private where it is missing, and calls `act`. Throws UntrustedPathError. */
export function inFolder<T>(path: string, act: (place: string) => T): T {
  return fromHere(() => {
    const way = new Way("folders");
    way.go(path, 0o700);
    return act(way.place);
  });
}

/**
 * Throws UntrustedPathError where another user controls a part of the path to a file or folder, as far as it exists, and
 * where something other than a file has the file's name.
 */
export function checkWay(path: string): void {
  fromHere(() => {
    const way = new Way("folders");
    const name = way.goToFolderOf(path) || undefined;
    const found = name === undefined ? undefined : lookAt(name);
    if (found?.isFile === false) throw new Error(`${way.nameOf(name ?? "")} is no regular file`);
  });
}

/**
 * Throws UntrustedPathError where another user controls a part of the path to a folder, or can add files to the folder; one
 * that is not there yet is no error. What is found in it is used as if we had written it.
 */
export function checkOwnFolder(path: string): void {
  fromHere(() => {
    const way = new Way("folders");
    if (way.go(path)) assertNobodyElseWrites(Deno.statSync("."), way.place, false);
  });
}

/**
 * Where a path leads by our own links and root's alone; `undefined` where the name has no file behind it, as for
 * `/dev/fd/63`. Throws UntrustedPathError.
 */
export function lookAlong(path: string): Deno.FileInfo | undefined {
  return fromHere(() => {
    const name = new Way("links").goToFolderOf(path);
    return name === undefined ? undefined : lookAt(name || ".");
  });
}

/** Whether a user is trusted like ourselves: root is, also under another number (user namespaces). */
export function isTrustedUser(uid: number | null): boolean {
  return uid === Deno.uid() || uid === 0 || uid === Deno.statSync("/").uid;
}

/** Walks through folders by changing the working folder: what was checked is what is entered. */
class Way {
  place = "";
  #links = 0;

  constructor(readonly trust: Trust) {}

  nameOf = (name: string): string => this.place === "" ? name : `${this.place.replace(/\/$/, "")}/${name}`;

  /** Enters the folder of a path, links followed to the end; answers with the last name there, unless a folder is missing. */
  goToFolderOf(path: string, mode?: number): string | undefined {
    for (let rest = path;;) {
      const slash = rest.lastIndexOf("/");
      if (!this.go(rest.slice(0, slash + 1), mode)) return undefined;
      const name = rest.slice(slash + 1);
      const found = name === "" ? undefined : lookAt(name);
      if (found?.isSymlink !== true) return name;
      rest = this.read(name, found);
    }
  }

  /** Enters one folder after the other; makes what is missing with a mode. Answers whether all of them are there. */
  go(path: string, mode?: number): boolean {
    if (path.startsWith("/")) this.#enter("/", "/");
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const place = this.nameOf(name);
      const found = lookAt(name) ?? this.#make(name, mode);
      if (found === undefined) return false;
      if (found.isSymlink) {
        const target = this.read(name, found);
        if (target.startsWith("/")) this.#enter("/", "/");
        names.unshift(...target.split("/").filter((each) => each !== "" && each !== "."));
      } else if (found.isDirectory) this.#enter(name, place, found);
      else throw new Error(`${place} is no folder`);
    }
    return true;
  }

  /** Where a link leads that may be followed. */
  read(name: string, { uid }: Deno.FileInfo): string {
    const place = this.nameOf(name);
    if (!isTrustedUser(uid)) {
      throw new UntrustedPathError(
        `${place} is a link that user ${uid} has made, expected one of user ${Deno.uid()} or of root`,
      );
    }
    if (++this.#links > MOST_LINKS) throw new Error(`${place} is one link too many`);
    return Deno.readLinkSync(name);
  }

  #make(name: string, mode: number | undefined): Deno.FileInfo | undefined {
    if (mode === undefined) return undefined;
    try {
      Deno.mkdirSync(name, { mode });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    return lookAt(name);
  }

  #enter(name: string, place: string, found?: Deno.FileInfo): void {
    Deno.chdir(name);
    this.place = place;
    if (found === undefined && this.trust === "links") return;
    const here = Deno.statSync(".");
    if (found !== undefined && (here.ino !== found.ino || here.dev !== found.dev)) {
      throw new UntrustedPathError(`${place} was put in the place of another folder in this moment`);
    }
    if (this.trust === "folders") assertNobodyElseWrites(here, place);
  }
}

/** In a sticky folder, such as /tmp, users cannot move or remove the files of others; they can add some. */
function assertNobodyElseWrites(
  { uid, gid, mode }: Deno.FileInfo,
  place: string,
  mayOthersAdd = true,
): void {
  if (!isTrustedUser(uid)) {
    throw new UntrustedPathError(
      `${place} belongs to user ${uid}, who can change what is in it, expected a folder of user ${Deno.uid()} or of root`,
    );
  }
  const bits = mode ?? 0;
  if (mayOthersAdd && (bits & STICKY) !== 0) return;
  const others = (bits & 0o002) !== 0
    ? "every user"
    : (bits & 0o020) !== 0 && !isGroupOurs(gid)
    ? `group ${gid}`
    : undefined;
  if (others === undefined) return;
  throw new UntrustedPathError(
    `${place} can be written by ${others}, expected a folder that only its owner can (chmod go-w)`,
  );
}

/** Whether a group has no members but us and root, by this machine's own lists: many users have a group of their own. */
function isGroupOurs(gid: number | null): boolean {
  if (gid === 0) return true;
  const users = linesOf("/etc/passwd").map(([name = "", , uid, primary]) => ({ name, uid, primary }));
  const group = linesOf("/etc/group").find(([, , number]) => Number(number) === gid);
  if (group === undefined && gid !== Deno.gid()) return false;
  const named = new Set(group?.[3]?.split(",") ?? []);
  return users.every(({ name, uid, primary }) =>
    isTrustedUser(Number(uid)) || (Number(primary) !== gid && !named.has(name))
  );
}

function linesOf(path: string): string[][] {
  try {
    return Deno.readTextFileSync(path).split("\n").filter((line) => line.includes(":")).map((line) =>
      line.split(":")
    );
  } catch {
    return [];
  }
}

function lookAt(name: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Calls `act`, and changes back to the working folder; nothing else of the process runs meanwhile. */
function fromHere<T>(act: () => T): T {
  let here = "/";
  try {
    here = Deno.cwd();
  } catch {
    // The folder that we were started in is gone.
  }
  try {
    return act();
  } finally {
    Deno.chdir(here);
  }
}
