import type { ContainerId } from "../values/names.ts";
import { sha256 } from "../values/sha256.ts";
import type { ContainerView, ListedRoute } from "./snapshot.ts";

/** A route that a file lists: what it is called, its file among all, and its place in their order. */
export type Listed = ListedRoute & {
  readonly name: string;
  readonly fileName: string;
  readonly turn: number;
};

/** Before every container, whose ages are milliseconds since 1970. */
const BEFORE_ALL = -1e15;

/**
 * A file's route in the form of a container, so that everything behind goes one way. It is older than every container: the
 * operator decides first, and of the operator's routes the one that stands first. No container's name has an `@`.
 */
export function viewOfListed({ name, fileName, turn, place, lines, entry, flaw }: Listed): ContainerView {
  return {
    id: sha256(`${name}${markOf(fileName)}`) as ContainerId,
    name: `${name}${markOf(fileName)}`,
    createdAt: BEFORE_ALL + turn,
    startedAt: "",
    status: "running",
    health: "none",
    hostname: "",
    domainname: "",
    networkMode: "",
    interlockData: undefined,
    labels: {},
    exposed: [],
    published: [],
    networks: [],
    stopSignal: "SIGTERM",
    stopTimeoutMs: undefined,
    engine: undefined,
    flaw: undefined,
    oddities: [],
    listed: { place, lines, entry, flaw },
  };
}

/** What the names of the routes of a file end with; no container of an engine has a name with it. */
export const markOf = (fileName: string): string => `@${fileName}`;
