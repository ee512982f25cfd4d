import type { Built } from "../core/model/build_model.ts";
import { routeName, type Server } from "../core/model/model.ts";
import { findInForce, type InForce } from "../core/status/in_force.ts";
import { type Details, findDetails, NO_DETAILS } from "../core/status/values_in_force.ts";
import { lineToAdd } from "../core/status/line_to_add.ts";
import { type Live, liveStates } from "../core/status/live.ts";
import { namedBy } from "../core/snapshot/container_lookup.ts";
import { formatEndpoint, type HostName, isDnsName, parseHost } from "../core/values/names.ts";
import { EVERY_HOST, expressionOf } from "../core/values/host_pattern.ts";
import { formatNotice, formatNoticeLines, type Notice, onOneLine, quote } from "../core/values/notice.ts";
import { type Verdict, verdictsOf } from "../core/model/verdict.ts";
import { loneWords, TAKES_OVER } from "./lone_haproxy.ts";
import type { Routing } from "./routing.ts";
import { asOwner, type Found } from "./running.ts";
import { wrongUsage } from "./failure.ts";
import { explainUrl, isUrl, type RequestFlags } from "./commands/explain_url.ts";
import { wayOfTask } from "../core/model/task_ways.ts";
import type { ContainerView } from "../core/snapshot/snapshot.ts";
import { jsonDocument } from "./terminal.ts";

/** The question: about which host, container or URL, or about all. */
export type Question = RequestFlags & {
  readonly subject?: string | undefined;
  readonly json?: boolean | undefined;
};

/** What the answer is taken from. */
export type World = {
  readonly routing: Routing;
  readonly built: Built;
  /** The signalbox that runs here, as far as it was looked for. */
  readonly found: Found | undefined;
  /** The same with containers that do not run; absent where nobody knows them, `undefined` where engines have to be read. */
  readonly stopped?: () => Promise<Built | undefined>;
  /** Lets others have a turn. */
  readonly breathe?: () => Promise<void>;
};

/** So many containers are explained between two breaths. */
const AT_ONCE = 500;

/**
 * What `explain` prints. Throws Failure for what is not known; answers `undefined` where containers that do not run would
 * have to be read.
 */
export async function explanationOf(
  { subject, json, ...request }: Question,
  world: World,
): Promise<string | undefined> {
  const { routing, built, found, stopped } = world;
  if (isUrl(subject)) return await explanationOfUrl(subject, { json, ...request }, world);
  let verdicts = subject === undefined ? verdictsOf(built) : findVerdicts(subject, built);
  if (subject !== undefined && verdicts.length === 0) {
    const all = await stopped?.();
    if (stopped !== undefined && all === undefined) return undefined;
    verdicts = all === undefined ? [] : findVerdicts(subject, all);
    if (verdicts.length === 0) throw wrongUsage(unknownSubject(subject, built));
  }
  const { stateOf, word } = tellLive(found, subject);
  const inForce = findInForce(built);
  // All containers are told in short: only a JSON document has every value of each.
  const details = json || subject !== undefined ? findDetails(built, routing.settings) : () => NO_DETAILS;
  const noticesOf = noticesBySubject(built);
  const entries: Entry[] = [];
  for (const [at, verdict] of verdicts.entries()) {
    if (at % AT_ONCE === AT_ONCE - 1) await world.breathe?.();
    entries.push({
      ...explainOne(verdict, noticesOf, stateOf(verdict)),
      ...lineFor(verdict, routing),
      ...inForce(verdict),
      ...details(verdict),
    });
  }
  if (json) return jsonDocument(entries);
  if (entries.length === 0) return `no container runs\n${word}`;
  // explain prints a reason once that all routes share.
  const own = word === "" ? entries : entries.map((entry) => ({ ...entry, live: undefined }));
  return formatEntries(own, noticesOf, subject === undefined ? "short" : "whole") + word;
}

async function explanationOfUrl(
  url: string,
  { json, ...request }: Question,
  { routing, built, found, stopped }: World,
): Promise<string | undefined> {
  const status = found?.kind === "runs" ? found.status : undefined;
  const { host, text, document, isServed } = explainUrl(url, request, { routing, built, status });
  // Why nobody serves it: who would, if nothing were wrong.
  const all = isServed || stopped === undefined ? built : await stopped();
  if (all === undefined) return undefined;
  const left = isServed ? [] : findVerdicts(host, all).filter(({ why }) => why !== undefined);
  const noticesOf = noticesBySubject(all);
  const entries = left.map((verdict) => ({
    ...explainOne(verdict, noticesOf, undefined),
    ...lineFor(verdict, routing),
    ...NOTHING_IN_FORCE,
  }));
  return json
    ? jsonDocument({ ...document, leftOut: entries })
    : text + formatEntries(entries, noticesOf, "whole") + tellLive(found, url).word;
}

type NoticesOf = ReadonlyMap<string, readonly Notice[]>;

const noticesBySubject = ({ notices }: Built): NoticesOf => Map.groupBy(notices, ({ subject }) => subject);

const NOTHING_IN_FORCE = { rules: [], redirects: [], values: [], others: [] };

type Entry = InForce & Details & {
  readonly container: string;
  readonly id: string;
  /** The URL of its engine, where there are several. */
  readonly engine?: string;
  readonly hosts: readonly string[];
  readonly backend: string | undefined;
  readonly address: string | undefined;
  readonly via: string | undefined;
  readonly why: string | undefined;
  /** The line that would change that. */
  readonly line?: string;
  readonly notices: readonly string[];
  /** Whether it gets traffic now: `null` where that is unknown; absent for a snapshot. */
  readonly live?: undefined | { readonly getsTraffic: boolean | null; readonly why?: string };
};

/** The verdicts on a container's name or id, or on a host; an unknown host belongs to its longest wildcard. */
function findVerdicts(subject: string, built: Built): readonly Verdict[] {
  // A user may paste a line of this command's output.
  const host = parseHost(subject.replace(/\/.*$/, ""));
  const hosts = host.ok ? [host.value, ...wildcardsOf(host.value), ...othersOf(host.value, built)] : [];
  const { routes, streams } = built.model;
  const served = hosts.find((each) => [...routes, ...streams.routes].some((route) => route.host === each));
  const named = namedBy(subject, built.considered.map(({ container }) => container));
  return verdictsOf(built).filter(({ container, hosts, wanted }) =>
    hosts.some((one) => one.host === served) || (host.ok && wanted === host.value) ||
    named.has(container)
  );
}

/** The patterns that match a host, and what stands for all hosts. */
const othersOf = (host: HostName, { model }: Built): HostName[] => [
  ...model.hostPatterns.filter((pattern) => new RegExp(expressionOf(pattern)).test(host)),
  EVERY_HOST,
];

function wildcardsOf(host: HostName): HostName[] {
  const labels = host.split(".");
  return labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join(".")}` as HostName);
}

function unknownSubject(subject: string, built: Built): string {
  const hosts = [...new Set(built.model.routes.map((route) => route.host))].slice(0, 20).join(", ") || "none";
  return `no container is called ${quote(subject)} and none serves it; hosts that are served: ${hosts}`;
}

function explainOne(
  verdict: Verdict,
  noticesOf: NoticesOf,
  live: Live | undefined,
): Omit<Entry, keyof InForce | keyof Details> {
  const { container, server } = verdict;
  const notices = (noticesOf.get(container.name) ?? []).map((notice) => formatNotice(notice));
  // The first host is the backend's own, the others are its aliases.
  const [own] = verdict.hosts;
  return {
    container: container.name,
    id: container.id.slice(0, 12),
    ...container.engine?.name !== undefined && { engine: container.engine.name },
    hosts: verdict.hosts.filter(({ move }) => move === undefined).map(routeName),
    backend: own?.backend,
    address: server && formatEndpoint(server.address, server.port),
    via: server && wayOf(server, container),
    why: verdict.why,
    notices,
    ...(live !== undefined && { live: { ...live, getsTraffic: live.getsTraffic ?? null } }),
  };
}

/** The line that a container lacks, where one would do. */
function lineFor({ container, why }: Verdict, { settings }: Routing): Pick<Entry, "line"> {
  const line = why === undefined ? undefined : lineToAdd(container, why, settings.labelPrefix);
  return line === undefined ? {} : { line };
}

/** Whether each verdict's server gets traffic, and a last line for people where the answer is the same for all. */
function tellLive(
  found: Found | undefined,
  subject: string | undefined,
): { readonly stateOf: (verdict: Verdict) => Live | undefined; readonly word: string } {
  const same = (live: Live | undefined, word: string) => ({
    stateOf: ({ server }: Verdict) => server && live,
    word,
  });
  if (found === undefined) return same(undefined, "");
  if (found.kind === "runs") return { stateOf: liveStates(found.status), word: "" };
  if (found.kind === "none") {
    const places = found.stateDirs.join(" or ");
    const why = `no signalbox runs with the state directory ${places}`;
    if (found.lone !== undefined) {
      const serves = `${why}: ${loneWords(found.lone)}, with what it had`;
      return same({ getsTraffic: undefined, why: serves }, `${serves}; ${TAKES_OVER}\n`);
    }
    return same(
      { getsTraffic: false, why },
      `${why}: nothing of this gets traffic (--state-dir names another)\n`,
    );
  }
  const words = asOwner(found, "explain", ...(subject === undefined ? [] : [subject]));
  const why = `the state directory ${found.stateDir} is user ${found.owner}'s; type: ${words}`;
  return same(
    { getsTraffic: undefined, why },
    `whether this gets traffic, and the settings of the signalbox that runs, only its user can see: ${why}\n`,
  );
}

/** Where it was said. */
const placeOf = ({ from }: { readonly from?: string }): string => from === undefined ? "" : ` (${from})`;

const redirectsOf = ({ redirects }: Entry): string =>
  redirects.map((each) => `\n  redirects ${each.source} to ${each.target} with ${each.code}${placeOf(each)}`)
    .join("");

const rulesOf = ({ rules }: Entry): string =>
  rules.map((rule) => `\n  ${rule.key}: ${rule.value}${placeOf(rule)}`).join("");

/** Every value with where it came from, and what other ways there are. */
const detailsOf = ({ values, others }: Entry): string =>
  (others.length === 0 ? "" : `\n  other ways: ${others.join(", ")}`) +
  values.map((each) => `\n  ${each.key}${each.value === undefined ? "" : `: ${each.value}`}${placeOf(each)}`)
    .join("");

function trafficOf({ live }: Entry): string {
  if (live === undefined || live.getsTraffic === null) return "";
  return live.getsTraffic ? ", and gets traffic" : `, but gets no traffic: ${live.why}`;
}

function wayOf({ via, elsewhere, address }: Server, container: ContainerView): string {
  if (isDnsName(address)) return "HAProxy finds its address";
  if (container.task !== undefined) return wayOfTask(container, { via, address });
  if (via === "published") return "a port of its engine's host";
  return elsewhere === undefined ? "its own address" : "its own address on another machine";
}

/** A paragraph for each container: its routes, then its notices, without those that repeat why a route was left out. */
function formatEntries(
  entries: readonly Entry[],
  noticesOf: NoticesOf,
  length: "short" | "whole",
): string {
  const paragraphs = [...Map.groupBy(entries, (entry) => entry.id).values()].map((own) => {
    const [first] = own;
    // Several routes of one container may fail for the same reason.
    const routes = new Set(
      own.map((entry) =>
        entry.why === undefined
          ? `  serves ${entry.hosts.join(", ")}${redirectsOf(entry)}\n  at ${entry.address} (${entry.via})${
            trafficOf(entry)
          }${length === "short" ? rulesOf(entry) : detailsOf(entry)}`
          // Among many containers are those that are to serve nothing: only who asks for one reads how to change that.
          : `  serves nothing: ${entry.why}${
            length === "short" || entry.line === undefined ? "" : `\n  line to add: ${entry.line}`
          }`
      ),
    );
    const others = (noticesOf.get(first?.container ?? "") ?? []).filter(({ message }) =>
      !own.some(({ why }) => why !== undefined && message.endsWith(why))
    );
    return [
      `${first?.container} (${first?.id})${first?.engine === undefined ? "" : ` of ${first.engine}`}`,
      ...[...routes].flatMap((route) => route.split("\n")),
      ...others.flatMap(formatNoticeLines).map((line) => `  ${line}`),
    ];
  });
  return paragraphs.flat().map((line) => `${onOneLine(line)}\n`).join("");
}
