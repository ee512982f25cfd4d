/** Requests that try all routes of a model: each host, path and variant, right and nearly right. */
import { isWildcard } from "../../lib/core/values/names.ts";
import { EVERY_HOST, isHostPattern } from "../../lib/core/values/host_pattern.ts";
import type { Model, Route } from "../../lib/core/model/model.ts";
import type { Question } from "./bare_haproxy.ts";

const CONDITION = "\u241e";
const VALUE = "\u241d";

/** All of them, each once. */
export function questionsFor({ routes, backends, frontend }: Model): readonly Question[] {
  const all: Question[] = [];
  const origins = backends.flatMap(({ options }) => options.cors_origins ?? []).slice(0, 2);
  for (const route of routes) {
    const hosts = hostsOf(route);
    const paths = pathsOf(route);
    for (const isTls of frontend.tls === undefined ? [false] : [false, true]) {
      const plain = { isTls, method: "GET", headers: {} };
      for (const host of hosts) {
        for (const target of paths) all.push({ ...plain, host, target });
      }
      const [host = "", target = "/"] = [hosts[0], paths[0]];
      all.push(...variantQuestions(route, { ...plain, host, target }));
      all.push({ ...plain, host, target, method: "POST", headers: { "Content-Length": "0" } });
      all.push({ ...plain, host, target, headers: { Authorization: `Basic ${btoa("ann:hello")}` } });
      for (const Origin of ["https://nobody.example", ...origins]) {
        all.push({ ...plain, host, target, headers: { Origin } });
        const headers = { Origin, "Access-Control-Request-Method": "PUT" };
        all.push({ ...plain, host, target, method: "OPTIONS", headers });
      }
    }
  }
  const others = ["/", "/.well-known/acme-challenge/abc", "/haproxy?monitor"];
  for (const host of ["nobody.example", "localhost", "192.0.2.1", "a..b"]) {
    for (const target of others) all.push({ isTls: false, host, target, method: "GET", headers: {} });
  }
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

function hostsOf({ host }: Route): string[] {
  if (host === EVERY_HOST) return ["nobody.example"];
  if (isHostPattern(host)) return [matching(host.slice(1)), `x${matching(host.slice(1))}`];
  if (isWildcard(host)) return [`some${host.slice(1)}`, `very.deep${host.slice(1)}`, host.slice(2)];
  return [host, `${host.toUpperCase()}.:8080`, `under.${host}`];
}

const pathsOf = ({ path }: Route): string[] => [
  path === "" ? "/" : path,
  ...["/x/y?a=b", "x", "/%2e%2e/x", "//"].map((more) =>
    `${path}${path === "" && more === "x" ? "/" : ""}${more}`
  ),
];

/** A text that an expression matches: each repeat as often as it has to be, of several the first. */
export function matching(expression: string): string {
  let text = expression.replace(/\[\^[^\]]*\]/g, "Q").replace(/\[(.)[^\]]*\]/g, "$1");
  const isRepeated = String.raw`(?:[*?]|\{0,?\d*\})`;
  for (let before = ""; before !== text;) {
    before = text;
    text = text.replace(/\(([^()|]*)(?:\|[^()]*)?\)/g, "$1");
  }
  return text.replace(new RegExp(`.${isRepeated}`, "g"), "").replace(/\+/g, "")
    .replace(/(.)\{(\d+),?\d*\}/g, (_, letter: string, times: string) => letter.repeat(Number(times)));
}

/** A request for a variant with all of its conditions, and one with all but the last. */
function variantQuestions({ variant }: Route, plain: Question): Question[] {
  if (variant === undefined || variant.text === "") return [];
  const conditions = variant.text.split(CONDITION);
  return [conditions, conditions.slice(0, -1)].map((kept) => kept.reduce(withCondition, plain));
}

function withCondition(question: Question, condition: string): Question {
  const [first = "", value = "any"] = condition.split(VALUE);
  const [kind, name] = [first.slice(0, 1), first.slice(1)];
  const { headers, target } = question;
  if (kind === "m") {
    return {
      ...question,
      method: value,
      headers: { ...headers, ...value === "GET" ? {} : { "Content-Length": "0" } },
    };
  }
  if (kind === "h") return { ...question, headers: { ...headers, [name]: value } };
  if (kind === "q") {
    const more = `${name}=${encodeURIComponent(value)}`;
    return { ...question, target: `${target}${target.includes("?") ? "&" : "?"}${more}` };
  }
  const cookie = headers["Cookie"] === undefined ? "" : `${headers["Cookie"]}; `;
  return { ...question, headers: { ...headers, Cookie: `${cookie}${name}=${value}` } };
}
