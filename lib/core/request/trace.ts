import type { Desired } from "../config/render.ts";
import { FORWARDING_HEADERS } from "../config/forwarding_headers.ts";
import type { Frontend } from "../model/model.ts";
import type { RouteId } from "../values/names.ts";
import type { TableKey } from "../values/table.ts";
import { serverName } from "./access_steps.ts";
import type { ClientRequest, Header } from "./client_request.ts";
import { type Found, type HostKind, type Look, type Lookup, lookUp, type Target } from "./lookup.ts";
import { stepsOf } from "./rules.ts";
import { isByProxy, type Passage, type Step } from "./step.ts";
import { takesConnection } from "./stream_lookup.ts";
import { chooseVariant, type Drawn } from "./variant_choice.ts";

/** What a request is compared with: what is wanted of HAProxy, or what it has. */
export type World = Pick<Desired, "model" | "tables">;

/** The route that takes a request. */
export type Taken = {
  /** Its id: rows, counters and the access log go by it. */
  readonly id: RouteId;
  /** Its row in hosts.map. */
  readonly row: TableKey;
  /** The section that serves it, which may be a spare. */
  readonly backend: string;
  /** What of the host decided; `tls` where TLS goes through to the container. */
  readonly by: HostKind | "tls";
  /** The row that stands for the plain route, where a variant of it serves. */
  readonly variantOf?: TableKey;
};

/** Who answers a request. */
export type Answer =
  | {
    readonly by: "container";
    readonly route: RouteId;
    readonly backend: string;
    /** What the container gets; absent where HAProxy does not look into the connection. */
    readonly sees?: { readonly host: string; readonly path: string };
  }
  | { readonly by: "haproxy"; readonly status: number; readonly why: string; readonly location?: string }
  | { readonly by: "nobody"; readonly why: string };

/** What becomes of a request: which route takes it, which rules it meets, and who answers. */
export type Trace = {
  /** The host as routes compare it. */
  readonly host: string;
  /** What was looked for in hosts.map, in turn. */
  readonly looks: readonly Look[];
  readonly route: Taken | undefined;
  /** A variant was chosen, or left, by chance. */
  readonly isDrawn: boolean;
  readonly steps: readonly Step[];
  readonly answer: Answer;
};

/** Traces of a request that differ by chance alone, with how many of a hundred go each way. */
export type Traced = { readonly percent: number; readonly trace: Trace };

const DRAWS = Array.from({ length: 100 }, (_, draw) => draw);

/** What becomes of a request, each way that chance may take. */
export function traceRequest(request: ClientRequest, world: World): readonly Traced[] {
  const first = traceDrawn(request, world, 0);
  if (!first.isDrawn) return [{ percent: 100, trace: first }];
  const all = DRAWS.map((draw) => traceDrawn(request, world, draw));
  const ways = Map.groupBy(all, ({ route, answer }) => JSON.stringify([route, answer]));
  return [...ways.values()].flatMap((traces) =>
    traces[0] === undefined ? [] : [{ percent: traces.length, trace: traces[0] }]
  );
}

const HOST = /^(([a-z0-9_-]+[.])*[a-z0-9_-]+[.]?|\[[0-9a-f:.]{2,45}\])(:[0-9]+)?$/i;
const CHALLENGE = /^\/[.]well-known\/acme-challenge\/[A-Za-z0-9_-]{1,128}$/;

/** What becomes of a request where chance draws this number, from 0 to 99. */
function traceDrawn(request: ClientRequest, world: World, draw: number): Trace {
  const { model: { frontend }, tables } = world;
  const host = request.hostHeader.replace(/:\d+$/, "").toLowerCase().replace(/[.]+$/, "");
  const nothing = { host, looks: [], route: undefined, isDrawn: false, steps: [] };
  const early = beforeLookup(request, host, frontend);
  const passed = request.scheme === "https"
    ? takesConnection(serverName(request.host), world.model, tables)
    : undefined;
  if (passed !== undefined) return passThrough(passed, request, nothing, world);
  if (early !== undefined) return { ...nothing, answer: early };
  const { wildcardDepths } = world.model;
  const lookup = lookUp(host, request.path, { tables, wildcardDepths });
  const { looks, found } = lookup;
  const challenge = challengeAnswer(request, frontend, found);
  if (challenge !== undefined) return { ...nothing, looks, answer: challenge };
  if (found === undefined) return { ...nothing, looks, answer: NOBODY };
  const seen = {
    host,
    path: request.path,
    query: request.query.slice(1),
    method: request.method,
    headers: seenHeaders(request, host, frontend),
  };
  const drawn: Drawn = found.flags.size === 0
    ? { choice: { kind: "plain" }, isDrawn: false }
    : chooseVariant({ ...lookup, found }, seen, { tables, wildcardDepths, draw });
  return afterChoice(request, { host, looks, found, drawn }, world);
}

const NOBODY: Answer = { by: "haproxy", status: 404, why: "no container serves this host and path" };

/** What HAProxy answers before it looks for a route. */
function beforeLookup(
  { scheme, method, path, query, hostHeader }: ClientRequest,
  host: string,
  { tls, trustedProxies, statsUser }: Frontend,
): Answer | undefined {
  if (scheme === "https" && tls === undefined && trustedProxies.length === 0) {
    return { by: "nobody", why: "HAProxy has no TLS listener: nobody takes the connection" };
  }
  const refusal = (status: number, why: string): Answer => ({ by: "haproxy", status, why });
  if (`${path}${query}` === "/haproxy?monitor") return refusal(200, "HAProxy answers that it lives");
  if (method === "CONNECT") return refusal(405, "HAProxy opens no tunnels");
  if (statsUser !== undefined && `${path}${query}`.startsWith("/haproxy?stats")) {
    return refusal(401, "HAProxy's statistics page asks for its password");
  }
  if (!HOST.test(hostHeader) || host.length > 253) return refusal(400, "the host is no name");
  return undefined;
}

function challengeAnswer(
  { path, method }: ClientRequest,
  { acmeThumbprint }: Frontend,
  found: Found | undefined,
): Answer | undefined {
  const isAnswered = acmeThumbprint !== undefined && CHALLENGE.test(path) &&
    (method === "GET" || method === "HEAD") && found?.flags.has("ownacme") !== true;
  return isAnswered
    ? { by: "haproxy", status: 200, why: "HAProxy answers the authority that asks whether the host is ours" }
    : undefined;
}

/** The rules of the route that was chosen, and who answers. */
function afterChoice(
  request: ClientRequest,
  { host, looks, found, drawn: { choice, isDrawn } }: {
    readonly host: string;
    readonly looks: Lookup["looks"];
    readonly found: Found;
    readonly drawn: Drawn;
  },
  { model: { frontend }, tables }: World,
): Trace {
  const plain: Taken = { id: found.id, row: found.row, backend: found.backend, by: found.kind };
  const base = { host, looks, isDrawn, steps: [] };
  if (choice.kind === "closed") {
    const why = "a protected variant has no room beside others: nobody comes in";
    return { ...base, route: plain, answer: { by: "haproxy", status: 403, why } };
  }
  if (choice.kind === "plain" && found.flags.has("only")) {
    const why = "only some requests of this host and path are served, and this is none of them";
    return { ...base, route: undefined, answer: { by: "haproxy", status: 404, why } };
  }
  const isChosen = choice.kind === "variant";
  const target: Target = isChosen ? choice.target : found;
  const passage: Passage = {
    request,
    tables,
    frontend,
    host,
    path: request.path,
    route: isChosen ? choice.name : found.route,
    target,
    isChosen,
    sees: { host: seenHost(request), path: request.path },
  };
  const steps = stepsOf(passage);
  const { id, row, backend } = target;
  const route: Taken = isChosen ? { ...plain, id, row, backend, variantOf: found.row } : plain;
  return { ...base, route, steps, answer: answerOf(steps.at(-1), passage) };
}

function answerOf(last: Step | undefined, { target, sees, request }: Passage): Answer {
  if (last?.outcome === "answers") {
    const { status = 503, says: why, location } = last;
    return { by: "haproxy", status, why, ...location !== undefined && { location } };
  }
  const { id: route, backend } = target;
  return {
    by: "container",
    route,
    backend,
    sees: { host: sees.host, path: sees.path + request.query },
  };
}

/** TLS goes through to the container: addresses alone are looked at. */
function passThrough(
  target: Target,
  request: ClientRequest,
  nothing: Omit<Trace, "answer">,
  { model: { frontend }, tables }: World,
): Trace {
  const { host } = nothing;
  const passage: Passage = {
    request,
    tables,
    frontend,
    host,
    path: "",
    route: target.row,
    target: { ...target, flags: new Set(target.flags).intersection(new Set(["access"])) },
    isChosen: false,
    sees: { host, path: "" },
  };
  const steps = stepsOf(passage).filter(({ rule }) => rule === "access");
  const { id, row, backend } = target;
  const [last] = steps;
  const answer: Answer = last?.outcome === "answers"
    ? { by: "nobody", why: `HAProxy closes the connection: it ${last.says}` }
    : { by: "container", route: id, backend };
  return { ...nothing, route: { id, row, backend, by: "tls" }, steps, answer };
}

/** The container gets the host in lower case, without a dot at its end. */
const seenHost = ({ hostHeader }: ClientRequest): string =>
  hostHeader.toLowerCase().replace(/[.](:[0-9]+)?$/, "$1");

const FORWARDING = new RegExp(FORWARDING_HEADERS);

/** The headers of a request as rules see them: what a client says of itself in a proxy's name is gone. */
function seenHeaders(request: ClientRequest, host: string, frontend: Frontend): readonly Header[] {
  const { scheme, from, headers } = request;
  const port = scheme === "https" ? frontend.tls?.port ?? 443 : frontend.httpPort;
  const own: Header[] = [
    { name: "host", value: seenHost(request) },
    { name: "x-forwarded-proto", value: scheme },
    { name: "x-forwarded-port", value: `${isByProxy(request, frontend) ? 443 : port}` },
    { name: "x-forwarded-host", value: host },
    ...from === undefined
      ? []
      : [{ name: "x-forwarded-for", value: from }, { name: "x-real-ip", value: from }],
  ];
  const kept = headers.filter(({ name }) => {
    const lower = name.toLowerCase();
    return !FORWARDING.test(lower) && lower !== "connection" && lower !== "upgrade";
  });
  return [...kept, ...own];
}
