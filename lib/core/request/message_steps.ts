import type { KeyName } from "../keys/route_keys.ts";
import type { Flag } from "../values/names.ts";
import { hasFlag, headerOf, isByTls, type Passage, rowOf, type Step } from "./step.ts";

/** What holds from the first: the access log, and pages for what HAProxy answers. */
export function beginSteps(passage: Passage): Step[] {
  const pages = rowOf(passage, "pages");
  return [
    ...changes(passage, "begin", "quiet", ["access_log"], "leaves the request out of the access log"),
    ...changes(passage, "begin", "pages", ["error_pages"], `answers errors with the pages ${pages}`),
  ];
}

/** Browsers are told to come by TLS. */
export function hstsSteps(passage: Passage): Step[] {
  const { frontend: { hstsSeconds, tls, trustedProxies } } = passage;
  const own = hasFlag(passage, "hsts") ? rowOf(passage, "hsts") : undefined;
  const ofSetting = hstsSeconds === undefined || (tls === undefined && trustedProxies.length === 0)
    ? undefined
    : `max-age=${hstsSeconds}`;
  const value = own ?? ofSetting;
  if (!isByTls(passage) || value === undefined || value === "none") return [];
  const says = `tells browsers to come by TLS alone: ${value}`;
  return [{ rule: "hsts", keys: own === undefined ? [] : ["hsts"], outcome: "changes", says }];
}

/** Other sites may read answers. */
export function corsSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "cors")) return [];
  const rule = { rule: "cors", keys: CORS } as const;
  const origin = headerOf(passage.request, "origin");
  const known = (origin === undefined ? undefined : rowOf(passage, `cors|${origin}`)) ??
    rowOf(passage, "cors|*");
  const isPreflight = passage.request.method === "OPTIONS" && origin !== undefined &&
    headerOf(passage.request, "access-control-request-method") !== undefined;
  if (isPreflight) {
    const says = `answers the preflight of ${origin}, which ${known === undefined ? "may not" : "may"} ask`;
    return [{ ...rule, outcome: "answers", says, status: 204 }];
  }
  const says = origin === undefined
    ? "says in answers which sites may read them"
    : `says in answers that ${origin} ${known === undefined ? "may not" : "may"} read them`;
  return [{ ...rule, outcome: "changes", says }];
}

const CORS: readonly KeyName[] = [
  ...["cors_origins", "cors_methods", "cors_headers", "cors_credentials", "cors_max_age"] as const,
];

/** HAProxy answers in place of containers. */
export function maintenanceSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "maintenance")) return [];
  const says = "answers that the site is down for maintenance";
  return [{ rule: "maintenance", keys: ["maintenance"], outcome: "answers", says, status: 503 }];
}

/** HAProxy may answer what it has answered before. */
export function cacheSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "cache")) return [];
  const { request, isChosen } = passage;
  const isPersonal = hasFlag(passage, "access", "auth", "ask", "clientca", "variants") || isChosen ||
    headerOf(request, "authorization") !== undefined || headerOf(request, "cookie") !== undefined;
  const hasBody = Number(headerOf(request, "content-length") ?? 0) > 0 ||
    headerOf(request, "transfer-encoding") !== undefined;
  const rule = { rule: "cache", keys: ["cache"] } as const;
  return [
    request.method === "GET" && !isPersonal && !hasBody
      ? { ...rule, outcome: "changes", says: "may answer from its cache, or keep the answer" }
      : {
        ...rule,
        outcome: "passes",
        says: "keeps answers; not for such a request, which may be one user's or has a body",
      },
  ];
}

/** What containers and clients see of headers. */
export function headerSteps(passage: Passage): Step[] {
  const host = hasFlag(passage, "hostheader") ? rowOf(passage, "hostheader") : undefined;
  if (host !== undefined) passage.sees.host = host;
  const names = (word: string) =>
    (rowOf(passage, word) ?? "").split("␞").map((change) => change.replace(/:.*$/s, "")).join(", ");
  return [
    ...changes(
      passage,
      "headers",
      "reqheaders",
      ["request_headers"],
      `changes headers for the container: ${names("reqheaders")}`,
    ),
    ...changes(
      passage,
      "headers",
      "resheaders",
      ["response_headers"],
      `changes headers of the answer: ${names("resheaders")}`,
    ),
    ...changes(passage, "headers", "hostheader", ["host_header"], `names the host ${host} to the container`),
  ];
}

/** Bodies are taken before a container gets the request. */
export const bufferSteps = (passage: Passage): Step[] =>
  changes(passage, "buffer", "buffer", ["buffer_requests"], "takes the body before it asks a container");

/** The route has times of its own. */
export function timeoutSteps(passage: Passage): Step[] {
  const [server, tunnel] = [rowOf(passage, "server_timeout"), rowOf(passage, "tunnel_timeout")];
  const words = [
    ...server === undefined ? [] : [`${server} ms for an answer`],
    ...tunnel === undefined ? [] : [`${tunnel} ms of silence on a WebSocket`],
  ];
  const keys = ["server_timeout", "tunnel_timeout"] as const;
  return changes(passage, "timeouts", "timeout", keys, `waits for the container: ${words.join(", ")}`);
}

/** The route says how many containers may get a request. */
export const retrySteps = (passage: Passage): Step[] =>
  changes(
    passage,
    "retries",
    "retries",
    ["retries"],
    `lets ${rowOf(passage, "retries")} other containers get a request that one did not answer`,
  );

const changes = (
  passage: Passage,
  rule: string,
  flag: Flag,
  keys: readonly KeyName[],
  says: string,
): Step[] => hasFlag(passage, flag) ? [{ rule, keys, outcome: "changes", says }] : [];
