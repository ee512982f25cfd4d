import { parseRequest, type RequestWords } from "../../core/request/client_request.ts";
import type { Built } from "../../core/model/build_model.ts";
import { formatEndpoint } from "../../core/values/names.ts";
import { type NearRoutes, nearRoutes } from "../../core/request/near_routes.ts";
import {
  formatRequest,
  type ServerLife,
  tellRequest,
  type ToldRequest,
} from "../../core/status/told_request.ts";
import type { Status } from "../../core/status/status.ts";
import { onOneLine, quote } from "../../core/values/notice.ts";
import { wrongUsage } from "../failure.ts";
import type { Routing } from "../routing.ts";

/** The flags of `explain` that are about a request. */
export type RequestFlags = {
  readonly method?: string;
  readonly header?: readonly string[];
  readonly from?: string;
};

/** Whether a subject is a URL. */
export const isUrl = (subject: string | undefined): subject is string => /^[a-z]+:\/\//i.test(subject ?? "");

/** What becomes of a request, as `explain` prints it, and whether a container or a rule of a route answers. */
export type ExplainedUrl = {
  readonly host: string;
  readonly text: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly isServed: boolean;
};

/** What becomes of a request for a URL. Throws Failure. */
export function explainUrl(
  url: string,
  { method, header, from }: RequestFlags,
  { routing, built, status }: {
    readonly routing: Routing;
    readonly built: Built;
    readonly status: Status | undefined;
  },
): ExplainedUrl {
  const words: RequestWords = { method, headers: header, from };
  const request = parseRequest(url, words);
  if (!request.ok) throw wrongUsage(`cannot explain ${quote(url)}: expected ${request.expected}`);
  const world = routing.design.render(built.model);
  const life = status === undefined ? {} : { lifeOf: lifeIn(status) };
  const told = tellRequest(request.value, { built, world, ...life });
  const own = [...routing.templates.overlaid].filter((name) =>
    /^(?:frontend|route_|haproxy[.]cfg|refused)/.test(name)
  );
  const remark = own.length === 0
    ? []
    : [`  your templates ${own.join(", ")} stand in place of the built-in ones: this is what those would do`];
  const isServed = told.some(({ route }) => route !== undefined);
  const near = isServed ? undefined : nearTo(told, request.value.path, built);
  const lines = [
    ...formatRequest(request.value, told),
    ...near === undefined ? [] : [nearWords(near)],
    ...remark,
  ];
  return {
    host: request.value.hostHeader,
    text: lines.map((line) => `${onOneLine(line)}\n`).join(""),
    document: {
      url,
      method: request.value.method,
      ways: told,
      ...near !== undefined && { near: near.routes },
    },
    isServed,
  };
}

/** Routes that may have been meant; none where no route was looked for, and where none is near. */
function nearTo(told: readonly ToldRequest[], path: string, { model }: Built): NearRoutes | undefined {
  const [way] = told;
  if (way === undefined || way.looks.length === 0) return undefined;
  const near = nearRoutes(way.host, path, model.routes);
  return near.routes.length === 0 ? undefined : near;
}

function nearWords({ routes, more }: NearRoutes): string {
  const names = routes.map(({ name, claimedBy }) => `${name} of ${claimedBy}`);
  return `  routes near it: ${names.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
}

/** Who gets traffic, by what a running signalbox says. */
function lifeIn({ routes }: Status): ServerLife {
  const byName = new Map(routes.map(({ route, servers }) => [route, servers]));
  return (route, { containerName, address, port }) => {
    const at = formatEndpoint(address, port);
    const found = byName.get(route)?.find((each) => each.container === containerName && each.address === at);
    if (found === undefined) return { isReady: false, why: "the signalbox that runs does not have it" };
    const { state, why } = found;
    return state === "ready" ? { isReady: true } : { isReady: false, why: why ?? `it is ${state}` };
  };
}
