import type { KeyName } from "../keys/route_keys.ts";
import { keyNamed } from "../keys/route_keys.ts";
import type { Built } from "../model/build_model.ts";
import { type Backend, routeName, type Server } from "../model/model.ts";
import { type Origin, Origins } from "../model/origins.ts";
import type { ClientRequest } from "../request/client_request.ts";
import type { HostKind, Look } from "../request/lookup.ts";
import type { Step } from "../request/step.ts";
import { type Answer, type Taken, type Trace, traceRequest, type World } from "../request/trace.ts";
import { formatEndpoint, routeKey } from "../values/names.ts";
import { originWords } from "./in_force.ts";

/** A value that a rule goes by, as containers say it, and where it was said, as far as that is known. */
export type SaidValue = { readonly key: KeyName; readonly value?: string; readonly from?: string };

/** A rule that a request meets, with the words of containers that it comes from. */
export type ToldStep = Omit<Step, "keys"> & { readonly said: readonly SaidValue[] };

/** A container that may get a request; `isReady` is absent where nobody knows. */
export type ToldServer = {
  readonly container: string;
  readonly address: string;
  readonly isReady?: boolean;
  readonly why?: string;
};

/** The route that takes a request, in words. */
export type ToldRoute = Omit<Taken, "variantOf"> & {
  /** Host and path, as `status` has them. */
  readonly name: string;
  /** The container that claims it: the oldest of those that do. */
  readonly claimedBy?: string;
  /** The route of all other requests, where a variant serves this one. */
  readonly variantOf?: string;
};

/** What becomes of a request, with who says so: one of the ways that chance may take. */
export type ToldRequest = {
  /** How many of a hundred such requests go this way. */
  readonly percent: number;
  /** The host as routes compare it. */
  readonly host: string;
  readonly looks: readonly Look[];
  readonly route?: ToldRoute;
  readonly steps: readonly ToldStep[];
  readonly answer: Answer;
  /** The containers that may get it; none where HAProxy answers. */
  readonly containers: readonly ToldServer[];
};

/** Whether a server gets traffic, where somebody knows. */
export type ServerLife = (
  route: string,
  server: Server,
) => { readonly isReady: boolean; readonly why?: string } | undefined;

/** What becomes of a request, each way that chance may take; `built` has who said what, and `lifeOf` who gets traffic. */
export function tellRequest(
  request: ClientRequest,
  { built, world, lifeOf = () => undefined }: {
    readonly built: Built;
    readonly world: World;
    readonly lifeOf?: ServerLife;
  },
): readonly ToldRequest[] {
  const teller = new Teller(built, lifeOf);
  return traceRequest(request, world).map(({ percent, trace }) => ({ percent, ...teller.tell(trace) }));
}

class Teller {
  readonly #origins: Origins;

  constructor(readonly built: Built, readonly lifeOf: ServerLife) {
    this.#origins = new Origins(built);
  }

  tell({ host, looks, route, steps, answer }: Trace): Omit<ToldRequest, "percent"> {
    const backend = route && this.built.model.backends.find(({ name }) => name === route.id);
    const told = route && this.#routeOf(route);
    return {
      host,
      looks,
      ...told !== undefined && { route: told },
      steps: steps.map(({ keys, ...step }) => ({ ...step, said: backend ? this.#said(keys, backend) : [] })),
      answer,
      containers: answer.by === "container" && backend !== undefined && told !== undefined
        ? backend.servers.map((server) => this.#serverOf(told.name, server))
        : [],
    };
  }

  #routeOf({ variantOf, ...taken }: Taken): ToldRoute {
    const { routes, streams } = this.built.model;
    const named = (row: string) => {
      const found = routes.find(({ key }) => key === row) ?? streams.routes.find(({ key }) => key === row);
      return found === undefined ? undefined : { name: routeName(found), claimedBy: found.by };
    };
    const above = variantOf === undefined ? undefined : named(variantOf)?.name ?? variantOf;
    return { name: taken.row, ...taken, ...named(taken.row), ...above !== undefined && { variantOf: above } };
  }

  #serverOf(route: string, server: Server): ToldServer {
    const address = formatEndpoint(server.address, server.port);
    return { container: server.containerName, address, ...this.lifeOf(route, server) };
  }

  /** The values of a rule's keys that are in force, each with who said it. */
  #said(keys: readonly KeyName[], { name, options, host, path }: Backend): readonly SaidValue[] {
    const values: Readonly<Record<string, unknown>> = options;
    // What protects the route of the same host and path holds for its variants too.
    const above = this.built.owners.get(routeKey(host, path))?.backend ?? name;
    return keys.flatMap((key): SaidValue[] => {
      const { shown } = keyNamed(key);
      const value = values[key];
      const origin: Origin | undefined = this.#origins.find(name, key) ?? this.#origins.find(above, key);
      const isSet = value !== undefined && value !== false;
      if (!isSet && origin === undefined && key !== "ssl_only") return [];
      if (!isSet && key === "ssl_only") return [{ key, value: "true", from: "as at the root of its host" }];
      if (value === "setting") return [{ key, from: "--https-redirect" }];
      const words = shown === undefined || !isSet ? undefined : (shown as (value: unknown) => string)(value);
      return [{
        key,
        ...words !== undefined && { value: words },
        ...origin && { from: originWords(origin) },
      }];
    });
  }
}

/** Which of a host decided, in words. */
const KINDS: Readonly<Record<HostKind | "tls", string>> = {
  "host": "by its host and path",
  "wildcard": "by a wildcard",
  "pattern": "by a pattern of hosts",
  "every host": "since no other route has the host",
  "tls": "by the name that TLS is asked for: TLS goes through",
};

/** What becomes of a request, in lines for people. */
export function formatRequest(
  { method, scheme, hostHeader, path, query }: ClientRequest,
  told: readonly ToldRequest[],
): readonly string[] {
  const first = `${method} ${scheme}://${hostHeader}${path}${query}`;
  return [
    first,
    ...told.flatMap((way) => [
      ...way.percent === 100 ? [] : [`  ${way.percent} of 100 such requests:`],
      ...linesOf(way).map((line) => `${way.percent === 100 ? "  " : "    "}${line}`),
    ]),
  ];
}

/** A way that a request may take, in the words that people read. */
export type RequestInWords = Pick<ToldRequest, "percent" | "containers"> & {
  /** The route that takes it, or what was looked for. */
  readonly route: string | undefined;
  /** What its rules do, in the order in which HAProxy does them. */
  readonly steps: readonly { readonly outcome: Step["outcome"]; readonly words: string }[];
  readonly answer: string;
};

/** Puts a way that a request may take into words. */
export const requestInWords = (
  { percent, route, looks, steps, answer, containers }: ToldRequest,
): RequestInWords => ({
  percent,
  route: route === undefined ? soughtOf(looks)[0] : routeWords(route),
  steps: steps.map((step) => ({ outcome: step.outcome, words: stepWords(step) })),
  answer: answerWords(answer, containers),
  containers,
});

function linesOf({ route, steps, answer, containers, looks }: ToldRequest): string[] {
  return [
    ...route === undefined ? soughtOf(looks) : [`route: ${routeWords(route)}`],
    ...steps.map((step, at) => `${at + 1}. ${stepWords(step)}`),
    `answer: ${answerWords(answer, containers)}`,
    ...containers.map(({ container, address, isReady, why }) => {
      if (isReady === undefined) return `  ${container} at ${address}`;
      return `  ${container} at ${address}, ${isReady ? "gets traffic" : `gets no traffic: ${why}`}`;
    }),
  ];
}

/** A table's keys end with a slash, which no path of a request has to. */
const soughtOf = (looks: readonly Look[]): string[] =>
  looks.length === 0
    ? []
    : [`no route; looked for ${looks.map(({ sought }) => sought.replace(/\/$/, "")).join(", ")}`];

function routeWords({ name, id, by, claimedBy, variantOf }: ToldRoute): string {
  const variant = variantOf === undefined ? "" : `, which takes this request from ${variantOf}`;
  const claimed = claimedBy === undefined ? "" : ` of ${claimedBy}`;
  return `${name}${claimed}, found ${KINDS[by]}${variant} (id ${id})`;
}

function stepWords({ says, outcome, status, said }: ToldStep): string {
  const refusal = outcome === "depends" ? `; others get ${status}` : "";
  const words = said.map(({ key, value, from }) =>
    `${key}${value === undefined ? "" : `: ${value}`}${from === undefined ? "" : ` (${from})`}`
  );
  return `${says}${refusal}${words.length === 0 ? "" : ` [${words.join("; ")}]`}`;
}

function answerWords(answer: Answer, containers: readonly ToldServer[]): string {
  if (answer.by === "nobody") return answer.why;
  if (answer.by === "haproxy") {
    const { status, location, why } = answer;
    return location === undefined ? `${status}: ${why}` : `${status} to ${location}: ${why}`;
  }
  const { backend, sees } = answer;
  const ready = containers.filter(({ isReady }) => isReady !== false);
  const gets = sees === undefined ? "" : `, which gets ${sees.path} for the host ${sees.host}`;
  if (containers.length > 0 && ready.length === 0) return `503: no container of ${backend} is ready`;
  return `${
    ready.length === 1 ? "the container" : `one of the ${ready.length} containers`
  } of ${backend}${gets}`;
}
