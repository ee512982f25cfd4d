import { KEY_NAMES, type KeyName, keyNamed } from "../keys/route_keys.ts";
import { readMove } from "../keys/redirect.ts";
import type { Variant } from "../keys/variant.ts";
import type { Backend, Model, Route } from "../model/model.ts";
import { isServed, placeName } from "../model/model.ts";
import { formatEndpoint } from "../values/names.ts";
import type { Status } from "./status.ts";

/** The routing as a picture: hosts on the left, their paths in the middle, who answers on the right. */
export type Graph = { readonly hosts: readonly GraphHost[]; readonly backends: readonly GraphBackend[] };

/** A host, or a port that is none of HTTP. */
export type GraphHost = { readonly name: string; readonly routes: readonly GraphRoute[] };

/** A path of a host, and which of its requests. */
export type GraphRoute = {
  readonly name: string;
  /** The keys that narrow, redirect or protect it. */
  readonly guards: readonly KeyName[];
  /** The place of its backend in the list; none where its clients are sent elsewhere. */
  readonly backend?: number;
  /** Where they are sent. */
  readonly target?: string;
};

/** The containers that answer together. */
export type GraphBackend = {
  readonly servers: readonly GraphServer[];
  /** How many more there are than the picture has. */
  readonly more: number;
};

/** A container, and whether it gets traffic, where that is known. */
export type GraphServer = { readonly name: string; readonly address: string; readonly isReady?: boolean };

/** Containers of one backend that the picture has. */
const MOST_SERVERS = 6;

const GUARDS = KEY_NAMES.filter((key) => {
  const { scope, shown } = keyNamed(key);
  return scope === "route" && shown !== undefined;
});

/** Makes the picture of a model; with the status of a signalbox that runs, it tells who gets traffic. */
export function graphOf({ routes, streams, backends, tlsOnly }: Model, status?: Status): Graph {
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const places = new Map<string, number>();
  const list: GraphBackend[] = [];
  const states = statesOf(status);
  const placeOf = (backend: Backend): number => {
    const before = places.get(backend.name);
    if (before !== undefined) return before;
    places.set(backend.name, list.length);
    return list.push(backendOf(backend, states)) - 1;
  };
  const shown = [...routes, ...streams.routes].filter(isServed);
  const anchorOf = (route: Route): string => byName.get(route.backend)?.host ?? route.host;
  const hosts = Map.groupBy(inOrder(shown, anchorOf), hostOf);
  return {
    hosts: [...hosts].map(([name, all]) => ({
      name,
      routes: all.map((route): GraphRoute => {
        const backend = byName.get(route.backend);
        const guards = backend === undefined ? [] : guardsOf(backend, tlsOnly.has(route.key));
        const base = { name: nameOf(route), guards };
        if (route.move !== undefined) {
          const { target, code } = readMove(route.move);
          return { name: base.name, guards: [], target: `${code} to ${target}` };
        }
        return backend === undefined ? base : { ...base, backend: placeOf(backend) };
      }),
    })),
    backends: list,
  };
}

type States = ReadonlyMap<string, boolean> | undefined;

const statesOf = (status: Status | undefined): States =>
  status &&
  new Map(status.routes.flatMap(({ backend, servers }) =>
    servers.map(({ container, address, state }) =>
      [`${backend} ${container} ${address}`, state === "ready"] as const
    )
  ));

function backendOf({ name, servers }: Backend, states: States): GraphBackend {
  const all = servers.map(({ containerName, address, port }): GraphServer => {
    const at = formatEndpoint(address, port);
    const isReady = states && (states.get(`${name} ${containerName} ${at}`) ?? false);
    return { name: containerName, address: at, ...isReady !== undefined && { isReady } };
  });
  return { servers: all.slice(0, MOST_SERVERS), more: Math.max(0, all.length - MOST_SERVERS) };
}

function guardsOf({ options }: Backend, isTlsOnly: boolean): KeyName[] {
  const values: Readonly<Record<string, unknown>> = options;
  return GUARDS.filter((key) =>
    (values[key] !== undefined && values[key] !== false) || (key === "ssl_only" && isTlsOnly)
  );
}

const hostOf = (route: Route): string => route.listen === undefined ? route.host : placeName(route);

function nameOf({ path, variant, listen }: Route): string {
  if (listen !== undefined) {
    if (listen.protocol === "tcp") return "TCP";
    return listen.isEnded === true ? "TLS ends here" : "TLS goes through";
  }
  const place = path === "" ? "/" : path;
  return variant === undefined ? place : `${place} if ${conditionsOf(variant)}`;
}

const KINDS: Readonly<Record<string, string>> = { h: "header ", q: "query ", c: "cookie " };

/** Which requests a variant is for, without the values of headers, parameters and cookies. */
function conditionsOf({ text, share }: Variant): string {
  const conditions = text === "" ? [] : text.split("\u241e").map((condition) => {
    const [first = "", ...values] = condition.split("\u241d");
    const kind = first.slice(0, 1);
    return kind === "m" ? values.join(" or ") : `${KINDS[kind] ?? ""}${first.slice(1)}`;
  });
  return [...conditions, ...share === undefined ? [] : [`${share} %`]].join(", ");
}

/**
 * By host, then path, the plain route before its variants. A host that is another name of one comes behind it, so that what leads to
 * the same containers stands together.
 */
function inOrder(routes: readonly Route[], anchorOf: (route: Route) => string): readonly Route[] {
  const anchors = new Map<string, string>();
  for (const route of routes) {
    const [host, anchor] = [hostOf(route), anchorOf(route)];
    const before = anchors.get(host);
    // Its own containers, if it has any, decide where it stands.
    if (before === undefined || anchor === host) anchors.set(host, anchor);
  }
  const keyOf = (route: Route): string => {
    const host = hostOf(route);
    const anchor = anchors.get(host) ?? host;
    return [anchor, anchor === host ? "" : host, route.path, route.variant?.text ?? ""].join("\u0000");
  };
  const keys = new Map(routes.map((route) => [route, keyOf(route)]));
  return routes.toSorted((a, b) => {
    const [one = "", other = ""] = [keys.get(a), keys.get(b)];
    return one === other ? 0 : one < other ? -1 : 1;
  });
}
