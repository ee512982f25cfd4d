import { isServed, type Model } from "../model/model.ts";
import type { Notice } from "../values/notice.ts";
import type { ServerStatus } from "./route_status.ts";

/** A server in the live picture. */
export type PictureServer = ServerStatus & {
  /** As HAProxy calls it. */
  readonly name: string;
  /** The short id of its container. */
  readonly id: string;
  /** Its share of the requests, beside those of the others. */
  readonly weight: number;
};

/** A backend in the live picture: the containers that serve a host and path. */
export type PictureBackend = {
  readonly name: string;
  readonly balance: string;
  readonly servers: readonly PictureServer[];
  /** The keys that narrow, redirect or protect it. */
  readonly guards: readonly string[];
};

/** A host and path in the live picture, and the backend that answers. */
export type PictureRoute = {
  readonly key: string;
  /** In words. */
  readonly name: string;
  readonly host: string;
  readonly path: string;
  readonly backend: string;
  /** Where its clients are sent, in place of being served. */
  readonly to?: string;
  /** Only some of its requests are for this one. */
  readonly isVariant?: true;
  /** It is a port for TCP. */
  readonly isTcp?: true;
};

/** A container in the live picture. */
export type PictureContainer = {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Its labels of ours and its INTERLOCK_DATA, without what is secret. */
  readonly labels: readonly string[];
};

/** Something that a container offers and that is not served. */
export type LeftOut = {
  /** The short id and a number. */
  readonly key: string;
  readonly container: string;
  /** The host that it would serve, where that is known. */
  readonly wanted?: string;
  readonly why: string;
  /** The line that would change that: a label, or what to type. */
  readonly line?: string;
};

/** The lists of the live picture, each element with a key of its own. */
export type PictureLists = {
  readonly routes: readonly PictureRoute[];
  readonly backends: readonly PictureBackend[];
  readonly containers: readonly PictureContainer[];
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly (Pick<Notice, "severity" | "code" | "subject"> & {
    readonly key: string;
    readonly text: string;
  })[];
};

/** By what the elements of each list are told apart. */
export const KEYS = {
  routes: "key",
  backends: "name",
  containers: "id",
  leftOut: "key",
  notices: "key",
} as const satisfies { readonly [List in keyof PictureLists]: keyof PictureLists[List][number] };

/** What changed of the lists: elements that came or changed, and the keys of those that went. */
export type PictureChange = {
  readonly [List in keyof PictureLists]?: {
    readonly put: PictureLists[List];
    readonly drop: readonly string[];
  };
};

/** What changed from one picture to the next, of which the elements that stayed are the same objects. */
export function changeOf(before: PictureLists, after: PictureLists): PictureChange | undefined {
  const changes = (Object.keys(KEYS) as (keyof PictureLists)[]).flatMap((list) => {
    const change = changeOfList(before[list], after[list], KEYS[list]);
    return change === undefined ? [] : [[list, change] as const];
  });
  return changes.length === 0 ? undefined : Object.fromEntries(changes) as PictureChange;
}

function changeOfList(before: readonly object[], after: readonly object[], key: string) {
  if (before === after) return undefined;
  const old = new Set(before);
  const put = after.filter((each) => !old.delete(each));
  if (put.length === 0 && old.size === 0) return undefined;
  const keyOf = (each: object) => (each as Record<string, string>)[key] ?? "";
  const come = new Set(put.map(keyOf));
  const drop = [...old].map(keyOf).filter((each) => !come.has(each));
  return { put, drop };
}

/** The routes of a model that clients can come by. */
export const shownRoutes = ({ routes, streams }: Model): Model["routes"] =>
  [...routes, ...streams.routes].filter(isServed);
