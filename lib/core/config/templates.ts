import { Eta, type TemplateFunction } from "eta/core";
import answer from "../../../templates/answer.eta" with { type: "text" };
import acmeChallenge from "../../../templates/acme_challenge.eta" with { type: "text" };
import backend from "../../../templates/backend.eta" with { type: "text" };
import backendRules from "../../../templates/backend_rules.eta" with { type: "text" };
import clientLimits from "../../../templates/client_limits.eta" with { type: "text" };
import defaults from "../../../templates/defaults.eta" with { type: "text" };
import frontend from "../../../templates/frontend.eta" with { type: "text" };
import global from "../../../templates/global.eta" with { type: "text" };
import forwardAuthLua from "../../../templates/forward_auth.lua.eta" with { type: "text" };
import headersLua from "../../../templates/headers.lua.eta" with { type: "text" };
import haproxyCfg from "../../../templates/haproxy.cfg.eta" with { type: "text" };
import lastTry from "../../../templates/last_try.lua.eta" with { type: "text" };
import hostsMap from "../../../templates/hosts.map.eta" with { type: "text" };
import peers from "../../../templates/peers.eta" with { type: "text" };
import processCfg from "../../../templates/process.cfg.eta" with { type: "text" };
import headerValuesLua from "../../../templates/header_values.lua.eta" with { type: "text" };
import stickTable from "../../../templates/stick_table.eta" with { type: "text" };
import rateTables from "../../../templates/rate_tables.eta" with { type: "text" };
import resolvers from "../../../templates/resolvers.eta" with { type: "text" };
import refused from "../../../templates/refused.eta" with { type: "text" };
import addressRules from "../../../templates/address_rules.eta" with { type: "text" };
import routeAccess from "../../../templates/route_access.eta" with { type: "text" };
import routeBuffer from "../../../templates/route_buffer.eta" with { type: "text" };
import routeHeaders from "../../../templates/route_headers.eta" with { type: "text" };
import routeAsk from "../../../templates/route_ask.eta" with { type: "text" };
import routeAuth from "../../../templates/route_auth.eta" with { type: "text" };
import routeBegin from "../../../templates/route_begin.eta" with { type: "text" };
import routeCache from "../../../templates/route_cache.eta" with { type: "text" };
import routeClients from "../../../templates/route_clients.eta" with { type: "text" };
import routeCors from "../../../templates/route_cors.eta" with { type: "text" };
import routeTrace from "../../../templates/route_trace.eta" with { type: "text" };
import routeHsts from "../../../templates/route_hsts.eta" with { type: "text" };
import routeExact from "../../../templates/route_exact.eta" with { type: "text" };
import routeLookup from "../../../templates/route_lookup.eta" with { type: "text" };
import routeRedirect from "../../../templates/route_redirect.eta" with { type: "text" };
import routeRetries from "../../../templates/route_retries.eta" with { type: "text" };
import routeBody from "../../../templates/route_body.eta" with { type: "text" };
import routeBusy from "../../../templates/route_busy.eta" with { type: "text" };
import routeRate from "../../../templates/route_rate.eta" with { type: "text" };
import routeMaintenance from "../../../templates/route_maintenance.eta" with { type: "text" };
import routeStrip from "../../../templates/route_strip.eta" with { type: "text" };
import routeTimeouts from "../../../templates/route_timeouts.eta" with { type: "text" };
import routeTls from "../../../templates/route_tls.eta" with { type: "text" };
import tcp from "../../../templates/tcp.eta" with { type: "text" };
import tcpAccess from "../../../templates/tcp_access.eta" with { type: "text" };
import tcpRoute from "../../../templates/tcp_route.eta" with { type: "text" };
import server from "../../../templates/server.eta" with { type: "text" };
import trustedProxies from "../../../templates/trusted_proxies.eta" with { type: "text" };
import routeVariants from "../../../templates/route_variants.eta" with { type: "text" };
import variantsLua from "../../../templates/variants.lua.eta" with { type: "text" };
import userlists from "../../../templates/userlists.eta" with { type: "text" };
import unknownHost from "../../../templates/unknown_host.eta" with { type: "text" };
import { once, onceEach } from "../values/once.ts";

/** The built-in templates, by file name; `--templates` overlays them one by one. */
export const BUILTIN_TEMPLATES: Readonly<Record<string, string>> = {
  "haproxy.cfg.eta": haproxyCfg,
  "process.cfg.eta": processCfg,
  "hosts.map.eta": hostsMap,
  "last_try.lua.eta": lastTry,
  "headers.lua.eta": headersLua,
  "header_values.lua.eta": headerValuesLua,
  "forward_auth.lua.eta": forwardAuthLua,
  "global.eta": global,
  "defaults.eta": defaults,
  "tcp.eta": tcp,
  "tcp_access.eta": tcpAccess,
  "tcp_route.eta": tcpRoute,
  "frontend.eta": frontend,
  "client_limits.eta": clientLimits,
  "trusted_proxies.eta": trustedProxies,
  "route_exact.eta": routeExact,
  "route_lookup.eta": routeLookup,
  "route_variants.eta": routeVariants,
  "variants.lua.eta": variantsLua,
  "route_begin.eta": routeBegin,
  "route_cache.eta": routeCache,
  "route_trace.eta": routeTrace,
  "route_cors.eta": routeCors,
  "route_hsts.eta": routeHsts,
  "address_rules.eta": addressRules,
  "route_access.eta": routeAccess,
  "route_tls.eta": routeTls,
  "route_clients.eta": routeClients,
  "route_redirect.eta": routeRedirect,
  "route_auth.eta": routeAuth,
  "route_rate.eta": routeRate,
  "route_busy.eta": routeBusy,
  "route_body.eta": routeBody,
  "rate_tables.eta": rateTables,
  "stick_table.eta": stickTable,
  "route_ask.eta": routeAsk,
  "route_maintenance.eta": routeMaintenance,
  "route_strip.eta": routeStrip,
  "route_headers.eta": routeHeaders,
  "route_buffer.eta": routeBuffer,
  "route_timeouts.eta": routeTimeouts,
  "route_retries.eta": routeRetries,
  "resolvers.eta": resolvers,
  "peers.eta": peers,
  "userlists.eta": userlists,
  "answer.eta": answer,
  "refused.eta": refused,
  "unknown_host.eta": unknownHost,
  "acme_challenge.eta": acmeChallenge,
  "backend.eta": backend,
  "backend_rules.eta": backendRules,
  "server.eta": server,
};

/** Compiled templates: gives the text of one, by file name. Throws an error that names template and line. */
export type Templates = {
  readonly render: (name: string, data: object) => string;
  /** The files that a user's own stand for, where they differ from the built-in ones. */
  readonly overlaid: ReadonlySet<string>;
};

/** A template that cannot be compiled or that failed; the message names the file and, where it is known, the line. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** The built-in templates alone: compiled once, since they never change. */
export const builtinTemplates: () => Templates = once(() => compileTemplates({}));

const OPTIONS = { autoEscape: true, escapeFunction: onOneLine, autoTrim: false } as const;

/** A built-in template is compiled once, whichever templates it stands beside. */
const compiledBuiltin = onceEach((name) =>
  new Eta(OPTIONS).compile(withoutTagLines(BUILTIN_TEMPLATES[name] ?? ""))
);

/** Compiles the built-in templates with the user's own laid over them; throws TemplateError. */
export function compileTemplates(overlay: Readonly<Record<string, string>>): Templates {
  const eta = new Eta(OPTIONS);
  const texts = Object.entries({ ...BUILTIN_TEMPLATES, ...overlay });
  for (const [name, text] of texts) {
    try {
      const isBuiltin = text === BUILTIN_TEMPLATES[name];
      eta.loadTemplate(`@${name}`, isBuiltin ? compiledBuiltin(name) : eta.compile(withoutTagLines(text)));
    } catch (error) {
      const line = lineOfBadTag(text);
      const where = line === undefined ? "" : `, line ${line}`;
      throw new TemplateError(
        `template ${name}${where} cannot be compiled: ${firstLines(error).replace(/ \| =+.*/, "")}`,
      );
    }
  }
  const overlaid = Object.keys(overlay).filter((name) => overlay[name] !== BUILTIN_TEMPLATES[name]);
  return {
    overlaid: new Set(overlaid),
    render(name, data) {
      try {
        return eta.render(`@${name}`, data);
      } catch (error) {
        throw whereItFailed(texts, name, data, error);
      }
    },
  };
}

/**
 * The line of the first tag whose JavaScript cannot be parsed; the engine tells none. A statement may open or close a
 * block that another tag closes or opens, so that it is tried with both.
 */
function lineOfBadTag(template: string): number | undefined {
  for (const tag of template.matchAll(/<%[-_]?([=~]?)([^]*?)[-_]?%>/g)) {
    const code = tag[2] ?? "";
    const candidates = tag[1] === ""
      ? [code, `${code}}`, `{${code}`, `if (1) {${code}`, `if (1) {${code}}`, `${code}})`, `f(() => {${code}`]
      : [`return (${code}\n)`];
    if (!candidates.some(canBeParsed)) return template.slice(0, tag.index).split("\n").length;
  }
  return undefined;
}

function canBeParsed(code: string): boolean {
  try {
    return new Function(code) instanceof Function;
  } catch {
    return false;
  }
}

/** Debugging copies are slower, but name the template and its line: they are made only after a failure. */
function whereItFailed(
  texts: readonly (readonly [name: string, text: string])[],
  name: string,
  data: object,
  error: unknown,
): TemplateError {
  const debugging = new Eta({ ...OPTIONS, debug: true });
  try {
    for (const [each, text] of texts) {
      debugging.loadTemplate(`@${each}`, naming(each, debugging.compile(text)));
    }
    debugging.render(`@${name}`, data);
  } catch (second) {
    if (second instanceof TemplateError) return second;
  }
  return new TemplateError(`template ${name} failed: ${firstLines(error)}`);
}

/** A template that puts its name to what goes wrong in it; the innermost one is the one to mend. */
function naming(name: string, template: TemplateFunction): TemplateFunction {
  return function (this: Eta, data, options) {
    try {
      return template.call(this, data, options);
    } catch (error) {
      for (let cause = error; cause instanceof Error; cause = cause.cause) {
        if (cause instanceof TemplateError) throw cause;
      }
      throw new TemplateError(`template ${name} failed: ${firstLines(error)}`);
    }
  };
}

function firstLines(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n").filter((line) =>
    line.trim() !== ""
  );
  return lines.slice(0, 12).join(" | ");
}

/** A line that holds nothing but a statement of the template leaves no line behind. */
function withoutTagLines(template: string): string {
  return template.replace(/^[ \t]*(<%(?![=~])(?:(?!%>).)*%>)[ \t]*\n/gm, "$1");
}

/** The second wall against injection: a value is a text or a number on one line, or nothing is rendered at all. */
function onOneLine(value: unknown): string {
  if (typeof value === "number") return `${value}`;
  if (typeof value !== "string") throw new TypeError(`a value is ${typeof value}`);
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f\u0085\u2028\u2029]/.test(value)) {
    throw new TypeError("a value has a line break or control character");
  }
  return value;
}
