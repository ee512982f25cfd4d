import type { PageAnswers } from "../core/status/page_answers.ts";
import { formatStatus, type Status } from "../core/status/status.ts";
import type { Clock } from "../ports.ts";
import { DESCRIPTOR_SHARES } from "../core/policy/descriptor_shares.ts";
import { streamLive } from "./live_stream.ts";
import type { AdminPassword } from "./password/admin_password.ts";
import { scopeOf } from "./haproxy_metrics.ts";
import { formatMetrics } from "./metrics.ts";
import type { LiveView } from "./live_view.ts";
import { LongAnswers, TooManyAsk } from "./long_answers.ts";
import { SharedResponse, SmallServer } from "./small_server.ts";
import { SteadyServer } from "./steady_server.ts";

/** The page: one document, and the Content-Security-Policy that names what is in it. */
export type PageAsset = { readonly html: string; readonly policy: string };

/** What the admin address answers, and where. */
export type AdminSettings = {
  readonly listen: () => Deno.Listener;
  /** Whoever asks comes by a unix socket, perhaps through a proxy that has a name of its own. */
  readonly isOnSocket?: boolean;
  /** Whom it lets see more than health; absent where everybody may. */
  readonly password?: Pick<AdminPassword, "judge"> | undefined;
  readonly status: () => Promise<Status>;
  /** What the page shows as it happens. */
  readonly live: LiveView;
  /** What the page asks for, beside what happens. */
  readonly answers: PageAnswers;
  /** The page itself, which is loaded when somebody asks. */
  readonly page: () => Promise<PageAsset>;
  /** HAProxy's own metrics, all or those of a query of its exporter; rejects where it has none to give. */
  readonly haproxyMetrics: (query: string) => Promise<string>;
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
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * Serves health, metrics, the status and the page; all of it is read-only. Throws where the address cannot be had. Refuses
 * requests that another site makes a browser send.
 */
export const serveAdmin = (settings: AdminSettings): SteadyServer =>
  new SteadyServer({ ...settings, open: () => openPage(settings) });

/** Answers that ask HAProxy, which may hang and lets each of them wait for seconds, and those that need nobody else. */
type Long = { readonly asking: LongAnswers; readonly own: LongAnswers };

function openPage(settings: AdminSettings): SmallServer {
  const { listen, clock, isOnSocket, password } = settings;
  const long: Long = { asking: new LongAnswers(clock), own: new LongAnswers(clock) };
  return new SmallServer({
    listen,
    most: DESCRIPTOR_SHARES.admin,
    clock,
    onError: () => text(500, "failed\n"),
    answer: async (request, client) => {
      if (request.method !== "GET" && request.method !== "HEAD") return text(405, "only GET\n");
      if (!isOnSocket && !isOwnHost(request.headers.get("host") ?? "")) {
        return text(421, "ask by address, localhost or a name without dots\n");
      }
      if (isFromOtherSite(request)) return text(403, "not for other sites\n");
      const verdict = password === undefined || isOpen(request)
        ? "in"
        : await password.judge(request.headers.get("authorization"), client);
      if (verdict === "later") return text(429, "too many wrong passwords\n", { "retry-after": "10" });
      if (verdict === "out") {
        return text(401, "a password is needed\n", {
          "www-authenticate": 'Basic realm="signalbox", charset="UTF-8"',
        });
      }
      return await answer(request, settings, long).catch((error) => {
        if (!(error instanceof TooManyAsk)) throw error;
        return text(503, "too many ask already\n", { "retry-after": "10" });
      });
    },
  });
}

/** What balancers and orchestrators ask, and what tells nothing but that all is well. */
const OPEN = ["/healthz", "/readyz", "/haproxy?monitor"];

function isOpen({ url }: Request): boolean {
  const { pathname, search } = new URL(url);
  return OPEN.includes(pathname) || OPEN.includes(pathname + search);
}

async function answer(request: Request, settings: AdminSettings, long: Long): Promise<Response> {
  const { status, haproxyMetrics, monitorHaproxy, answers } = settings;
  const { pathname, search, searchParams } = new URL(request.url);
  const make = (act: () => string | Promise<string>, query = "") => long.own.make(pathname + query, act);
  if (pathname + search === "/haproxy?monitor") {
    return await monitorHaproxy().then(
      () => text(200, "HAProxy answers\n"),
      () => text(503, "HAProxy does not answer\n"),
    );
  }
  switch (pathname) {
    case "/healthz":
      return text(200, "alive\n");
    case "/readyz":
      return readiness(await status());
    case "/metrics":
      return text(
        200,
        await long.asking.make(pathname + scopeOf(search), async () => {
          const theirs = haproxyMetrics(scopeOf(search)).catch(() => "");
          return formatMetrics(await status()) + await theirs;
        }),
        { "content-type": "text/plain; version=0.0.4" },
      );
    case "/live":
      return request.method === "HEAD" ? text(200, "") : streamLive(request, settings.live);
    case "/config":
      return json(await make(async () => JSON.stringify(await answers.config())));
    case "/in-force":
      return json(
        await make(() => JSON.stringify(answers.inForce(searchParams.get("route") ?? "") ?? null), search),
      );
    case "/try":
      return json(
        await make(() => {
          const said = (name: string) => searchParams.get(name) ?? "";
          const words = {
            url: said("url"),
            method: said("method"),
            headers: said("headers"),
            from: said("from"),
          };
          return JSON.stringify(answers.tryRequest(words));
        }, search),
      );
    case "/":
      // Who has no browser reads the status.
      return request.headers.get("accept")?.includes("text/html")
        ? document(await settings.page())
        : text(200, await long.asking.make(pathname, async () => formatStatus(await status())));
    default:
      return text(404, "expected /, /healthz, /readyz, /metrics or /haproxy?monitor\n");
  }
}

const json = (body: Uint8Array<ArrayBuffer>): Response =>
  text(200, body, { "content-type": "application/json" });

const document = ({ html, policy }: PageAsset): Response =>
  new Response(html, {
    headers: { ...HEADERS, "content-type": "text/html; charset=utf-8", "content-security-policy": policy },
  });

/** Ready once an engine was seen and a first config was applied, and as long as HAProxy serves. */
function readiness(status: Status): Response {
  const missing = [
    status.hasConfig ? "" : "no config was applied yet",
    status.haproxy.isServing ? "" : "HAProxy does not serve",
  ].filter((reason) => reason !== "");
  return missing.length === 0 ? text(200, "ready\n") : text(503, `${missing.join(", ")}\n`);
}

function text(
  status: number,
  body: string | Uint8Array<ArrayBuffer>,
  more: Readonly<Record<string, string>> = {},
): Response {
  const init = { status, headers: { ...HEADERS, "content-type": "text/plain; charset=utf-8", ...more } };
  return typeof body === "string" ? new Response(body, init) : new SharedResponse(body, init);
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

/**
 * What another site makes a browser ask says so (Fetch Metadata, Origin). A link to the page may stand anywhere: who follows it
 * sees the page, and the other site does not.
 */
function isFromOtherSite({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site") ?? "none";
  if (headers.has("origin")) return true;
  const isLink = headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document" &&
    new URL(url).pathname === "/";
  return site !== "none" && site !== "same-origin" && !isLink;
}
