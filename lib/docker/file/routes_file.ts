import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { messageLine, type Notice } from "../../core/values/notice.ts";
import { markOf } from "../../core/snapshot/listed_view.ts";
import { decodeRoutes, LONGEST_ROUTES_FILE, type RoutesName, type RoutesRead } from "./routes_text.ts";

/** Routes of one file keep this distance to those of the next, so that each has a turn of its own. */
const TURNS = LONGEST_ROUTES_FILE;

/** A file of routes: the last good ones, and what is wrong with it now. */
export class RoutesFile {
  views: readonly ContainerView[] = [];
  /** Why its routes are not those that it holds now. */
  notice: Notice | undefined;
  /** It may have changed since it was read. */
  isStale = true;
  #text: string | undefined;
  #unread: Unread | undefined;

  constructor(readonly name: RoutesName, readonly place: number) {}

  /** Reads the file, if it may have changed; a file that cannot be used changes no route. */
  async read(): Promise<void> {
    if (!this.isStale) return;
    this.isStale = false;
    const text = await readText(this.name.path);
    // The very same views, so that nothing behind is worked out again.
    if (text.ok && text.text === this.#text) return;
    this.#text = text.ok ? text.text : undefined;
    const read = text.ok ? await decodeRoutes(text.text, this.name, this.place * TURNS) : text;
    if (read.ok) this.views = read.views;
    this.#unread = read.ok ? undefined : read;
    this.notice = read.ok ? undefined : this.#noticeOf(read);
  }

  /** What is wrong with it, on one line; "" where nothing is. */
  get why(): string {
    return this.#unread === undefined ? "" : messageLine({ message: this.#unread.why, ...this.#unread });
  }

  #noticeOf({ why, excerpt }: Unread): Notice {
    const message = `cannot use this file of routes, and keeps those that it read before: ${why}`;
    const subject = this.name.path;
    return { severity: "warning", code: "bad-routes", subject, message, ...(excerpt && { excerpt }) };
  }

  /** How it stands, for status. */
  describe(): SourceStatus {
    return {
      kind: "routes",
      name: this.name.path,
      isConnected: this.notice === undefined,
      detail: this.notice === undefined ? "file of routes" : this.why,
      containers: this.views.length,
      mark: markOf(this.name.fileName),
    };
  }
}

type Unread = Extract<RoutesRead, { ok: false }>;

async function readText(path: string): Promise<{ readonly ok: true; readonly text: string } | Unread> {
  try {
    const { isFile, size } = await Deno.stat(path);
    // Opening a pipe would block the whole program.
    if (!isFile) return { ok: false, why: "it is no regular file" };
    if (size > LONGEST_ROUTES_FILE) {
      return { ok: false, why: `it has ${size} bytes, expected at most ${LONGEST_ROUTES_FILE}` };
    }
    return { ok: true, text: await Deno.readTextFile(path) };
  } catch (error) {
    return {
      ok: false,
      why: `${messageOf(error)}, expected a file in YAML or JSON`,
    };
  }
}

/** The files of `--routes`, in their order; messages have a file's name alone where no other has the same. */
export function routesFiles(paths: readonly string[]): readonly RoutesFile[] {
  const unique = [...new Set(paths)];
  const baseOf = (path: string) => path.slice(path.lastIndexOf("/") + 1).replace(/[^A-Za-z0-9_.-]/g, "_");
  const bases = unique.map(baseOf);
  return unique.map((path, place) => {
    const base = baseOf(path);
    const isOnly = bases.filter((each) => each === base).length === 1;
    return new RoutesFile({ path, fileName: isOnly ? base : `${place + 1}.${base}` }, place);
  });
}
