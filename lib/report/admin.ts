import { formatStatus, type Status } from "../core/status/status.ts";
import type { Clock } from "../ports.ts";
import { formatMetrics } from "./metrics.ts";
import { DESCRIPTOR_SHARES } from "../core/policy/descriptor_shares.ts";
import { SmallServer } from "./small_server.ts";
import { SteadyServer } from "./steady_server.ts";

/** What the admin page shows, and where. */
export type AdminSettings = {
  readonly hostname: string;
  readonly port: number;
  readonly status: () => Promise<Status>;
  /** HAProxy's own metrics, or nothing where it has none to give. */
  readonly haproxyMetrics: () => Promise<string>;
  /** Asks HAProxy whether it answers, beside the connections of its clients; throws where it does not. */
  readonly monitorHaproxy: () => Promise<unknown>;
  /** Called when the page cannot be served for a while. */
  readonly onFailure: (error: unknown) => void;
  /** Waits for an address that cannot be had yet. */
  readonly mayWait?: boolean;
  readonly clock: Clock;
};

const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * Serves health, metrics and the status; all of it is read-only. Throws where the address cannot be had. Refuses requests
 * that another site makes a browser send.
 */
export const serveAdmin = (settings: AdminSettings): SteadyServer =>
  new SteadyServer({ ...settings, open: () => openPage(settings) });

function openPage(settings: AdminSettings): SmallServer {
  const { hostname, port, clock } = settings;
  return new SmallServer({
    listen: () => Deno.listen({ hostname, port }),
    most: DESCRIPTOR_SHARES.admin,
    clock,
    onError: () => text(500, "failed\n"),
    answer: (request) => {
      if (request.method !== "GET" && request.method !== "HEAD") return text(405, "only GET\n");
      if (!isOwnHost(request.headers.get("host") ?? "")) {
        return text(421, "ask by address, localhost or a name without dots\n");
      }
      if (isFromOtherSite(request.headers)) return text(403, "not for other sites\n");
      const { pathname, search } = new URL(request.url);
      return answer(pathname + search, settings);
    },
  });
}

async function answer(
  path: string,
  { status, haproxyMetrics, monitorHaproxy }: AdminSettings,
): Promise<Response> {
  if (path === "/haproxy?monitor") {
    return await monitorHaproxy().then(
      () => text(200, "HAProxy answers\n"),
      () => text(503, "HAProxy does not answer\n"),
    );
  }
  switch (path.replace(/\?.*$/, "")) {
    case "/healthz":
      return text(200, "alive\n");
    case "/readyz":
      return readiness(await status());
    case "/metrics":
      return text(
        200,
        formatMetrics(await status()) + await haproxyMetrics().catch(() => ""),
        "text/plain; version=0.0.4",
      );
    case "/":
      return text(200, formatStatus(await status()));
    default:
      return text(404, "expected /, /healthz, /readyz, /metrics or /haproxy?monitor\n");
  }
}

/** Ready once an engine was seen and a first config was applied, and as long as HAProxy serves. */
function readiness(status: Status): Response {
  const missing = [
    status.hasConfig ? "" : "no config was applied yet",
    status.haproxy.isServing ? "" : "HAProxy does not serve",
  ].filter((reason) => reason !== "");
  return missing.length === 0 ? text(200, "ready\n") : text(503, `${missing.join(", ")}\n`);
}

function text(status: number, body: string, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, { status, headers: { ...HEADERS, "content-type": type } });
}

/**
 * In DNS rebinding, an attacker points the name of a page at our address after the browser has loaded it. Such requests
 * have that name as their Host. So a name with dots that is not ours is refused; addresses, localhost and names of one
 * label, which cannot be registered, are accepted.
 */
function isOwnHost(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, "").toLowerCase();
  const isAddress = /^[0-9.]+$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name);
  return isAddress || (name !== "" && !name.includes(".")) || name === Deno.hostname().toLowerCase();
}

/** What another site makes a browser ask says so (Fetch Metadata, Origin). */
function isFromOtherSite(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site") ?? "none";
  return headers.has("origin") || (site !== "none" && site !== "same-origin");
}
