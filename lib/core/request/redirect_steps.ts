import { LONGEST_PATTERN_PATH } from "../keys/redirect.ts";
import { REDIRECT_PATTERNS_MAP, REDIRECTS_MAP } from "../values/table.ts";
import { longestKey, tableNamed } from "./lookup.ts";
import { firstReplaced } from "./replaced.ts";
import { hasFlag, isByProxy, isByTls, type Passage, rowOf, type Step, withQuery } from "./step.ts";

/** Plain HTTP is redirected to HTTPS. */
export function tlsSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "tls")) return [];
  return [
    isByTls(passage)
      ? { ...TLS, outcome: "passes", says: "redirects plain HTTP to HTTPS; this request came by TLS" }
      : { ...TLS, ...toHttps(passage) },
  ];
}

const TLS = { rule: "tls", keys: ["ssl_only"] } as const;

/** The answer that leads to the same place by HTTPS. */
export function toHttps(passage: Passage): Pick<Step, "outcome" | "says" | "status" | "location"> {
  const { request, frontend, host, path } = passage;
  const port = frontend.tls === undefined || frontend.tls.port === 443 || isByProxy(request, frontend)
    ? ""
    : `:${frontend.tls.port}`;
  return {
    outcome: "answers",
    says: "redirects plain HTTP to HTTPS",
    status: 308,
    location: `https://${host}${port}${withQuery(path, request)}`,
  };
}

/** Clients are sent elsewhere: by host and path, by a pattern of paths, or to the canonical host. */
export function redirectSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "redirect", "moved", "canonical")) return [];
  const { tables, target, route, path, host } = passage;
  if (hasFlag(passage, "redirect")) {
    const table = tableNamed(tables, REDIRECTS_MAP);
    const row = longestKey(table, `${target.id}|${route}`);
    const move = row === undefined ? undefined : table.get(row);
    return [
      move === undefined
        ? { ...REDIRECT, outcome: "answers", says: "does not know where to, and refuses", status: 503 }
        : { ...REDIRECT, ...answerOf(move, passage, "redirects this host and path") },
    ];
  }
  const steps: Step[] = [];
  if (hasFlag(passage, "moved")) {
    const table = tableNamed(tables, REDIRECT_PATTERNS_MAP);
    const move = path.length > LONGEST_PATTERN_PATH
      ? undefined
      : firstReplaced(table, `${target.id}|${path}`);
    if (move !== undefined) {
      return [{
        ...REDIRECT,
        ...answerOf(move, passage, "redirects paths that match a pattern, as this one"),
      }];
    }
    steps.push({
      ...REDIRECT,
      outcome: "passes",
      says: "redirects paths that match a pattern; this one does not",
    });
  }
  const canonical = hasFlag(passage, "canonical") ? rowOf(passage, "canonical") : undefined;
  if (canonical === undefined) return steps;
  const name = canonical.split(" ")[3] ?? "";
  const says = `redirects every host but ${name}`;
  return [
    ...steps,
    name === host
      ? { ...CANONICAL, outcome: "passes", says: `${says}, which this is` }
      : { ...CANONICAL, ...answerOf(canonical, passage, says) },
  ];
}

const REDIRECT = { rule: "redirect", keys: ["redirects"] } as const;
const CANONICAL = { rule: "redirect", keys: ["canonical_host"] } as const;

/** What a row of a redirect comes to (refused.eta): CODE TAIL SCHEME HOST PATH. */
function answerOf(
  move: string,
  { request, frontend, host, path }: Passage,
  says: string,
): Pick<Step, "outcome" | "says" | "status" | "location"> {
  const [code, tail, scheme = "*", to = "*", place = ""] = move.split(" ");
  const isOwn = scheme === "*";
  const isProxied = isByProxy(request, frontend);
  const [own, usual] = request.scheme === "https"
    ? [frontend.tls?.port ?? 443, 443]
    : [frontend.httpPort, 80];
  const port = isOwn && !isProxied && own !== usual ? `:${own}` : "";
  const location = `${isOwn ? `${request.scheme}://` : scheme}${to === "*" ? host : to}${port}${
    tail === "end" ? place : withQuery(path, request)
  }`;
  return { outcome: "answers", says, status: Number(code), location };
}
