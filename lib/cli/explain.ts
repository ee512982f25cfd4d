import type { Built } from "../core/build_model.ts";
import type { Server } from "../core/model.ts";
import { namedBy } from "../core/container_lookup.ts";
import { formatEndpoint, type HostName, parseHost } from "../core/names.ts";
import { backendName } from "../core/section_names.ts";
import { formatNotice, formatNoticeLines, type Notice, onOneLine, quote } from "../core/notice.ts";
import { type Verdict, verdictsOf } from "../core/verdict.ts";
import { systemClock } from "../clock.ts";
import { Machine } from "../machine.ts";
import { askControl } from "../report/control_socket.ts";
import { isTrustedStateDir, stateDirOf } from "./state_dir.ts";
import { wrongUsage } from "./failure.ts";
import { readSnapshot } from "./input.ts";
import { prepareRouting } from "./routing.ts";
import { settingsOf } from "./settings.ts";
import { jsonDocument, type Terminal } from "./terminal.ts";

/** Says for each container, or for the host or container named, what it serves, or why nothing. */
export async function explain(
  subject: string | undefined,
  options: { readonly json?: boolean } & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const settings = settingsOf(options, terminal, await settingsOfRunning(options, terminal));
  const routing = await prepareRouting(settings);
  // A snapshot is explained by itself, whichever machine reads it.
  const machine = settings.snapshot === undefined ? new Machine(systemClock).addresses() : undefined;
  const built = routing.design.build(await readSnapshot(settings, terminal), machine);
  const verdicts = subject === undefined ? verdictsOf(built) : findVerdicts(subject, built);
  if (subject !== undefined && verdicts.length === 0) throw wrongUsage(unknownSubject(subject, built));
  const entries = verdicts.map((verdict) => explainOne(verdict, built));
  if (options.json) await terminal.out(jsonDocument(entries));
  else {await terminal.out(
      entries.length === 0 ? "no container runs\n" : formatEntries(entries, built.notices),
    );}
  return 0;
}

type Entry = {
  readonly container: string;
  readonly id: string;
  readonly hosts: readonly string[];
  readonly backend: string | undefined;
  readonly address: string | undefined;
  readonly via: string | undefined;
  readonly why: string | undefined;
  readonly notices: readonly string[];
};

/** What concerns a container's name or id, or a host; a host that nobody serves by name is its longest wildcard's. */
function findVerdicts(subject: string, built: Built): readonly Verdict[] {
  // As it stands in a browser, or in what this command prints.
  const host = parseHost(subject.replace(/^https?:\/\//, "").replace(/\/.*$/, ""));
  const hosts = host.ok ? [host.value, ...wildcardsOf(host.value)] : [];
  const served = hosts.find((each) => built.model.routes.some((route) => route.host === each));
  const named = namedBy(subject, built.considered.map(({ container }) => container));
  return verdictsOf(built).filter(({ container, hosts, wanted }) =>
    hosts.some((one) => one.host === served) || (host.ok && wanted === host.value) ||
    named.has(container)
  );
}

function wildcardsOf(host: HostName): HostName[] {
  const labels = host.split(".");
  return labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join(".")}` as HostName);
}

function unknownSubject(subject: string, built: Built): string {
  const hosts = [...new Set(built.model.routes.map((route) => route.host))].slice(0, 20).join(", ") || "none";
  return `no container is called ${quote(subject)} and none serves it; hosts that are served: ${hosts}`;
}

function explainOne(verdict: Verdict, built: Built): Entry {
  const { container, server } = verdict;
  const notices = built.notices.filter((notice) => notice.subject === container.name).map((notice) =>
    formatNotice(notice)
  );
  // The first host is the backend's own, the others are its aliases.
  const [own] = verdict.hosts;
  return {
    container: container.name,
    id: container.id.slice(0, 12),
    hosts: verdict.hosts.map(({ host, path }) => host + path),
    backend: own && backendName(own.host, own.path),
    address: server && formatEndpoint(server.address, server.port),
    via: server && wayOf(server),
    why: verdict.why,
    notices,
  };
}

/** What runs is explained with its own settings, but for those that are given; a snapshot is explained by itself. */
async function settingsOfRunning(
  options: Record<string, unknown>,
  terminal: Terminal,
): Promise<Record<string, string>> {
  const settings = settingsOf(options, terminal);
  if (settings.snapshot !== undefined) return {};
  try {
    const stateDir = stateDirOf(settings, terminal);
    // Settings name programs that are started.
    if (!isTrustedStateDir(stateDir)) return {};
    const found = await askControl(stateDir, "GET", "/settings");
    return found as Record<string, string> | undefined ?? {};
  } catch {
    // There is no place where one could run.
    return {};
  }
}

function wayOf({ via, elsewhere }: Server): string {
  if (via === "published") return "a port of its engine's host";
  return elsewhere === undefined ? "its own address" : "its own address on another machine";
}

/** A paragraph for each container: its routes, then its notices, but for those that say the same as a route left out. */
function formatEntries(entries: readonly Entry[], notices: readonly Notice[]): string {
  const noticesOf = Map.groupBy(notices, ({ subject }) => subject);
  const paragraphs = [...Map.groupBy(entries, (entry) => entry.id).values()].map((own) => {
    const [first] = own;
    const routes = own.flatMap((entry) =>
      entry.why === undefined
        ? [`  serves ${entry.hosts.join(", ")}`, `  at ${entry.address} (${entry.via})`]
        : [`  serves nothing: ${entry.why}`]
    );
    const others = (noticesOf.get(first?.container ?? "") ?? []).filter(({ message }) =>
      !own.some(({ why }) => why !== undefined && message.endsWith(why))
    );
    return [
      `${first?.container} (${first?.id})`,
      ...routes,
      ...others.flatMap(formatNoticeLines).map((line) => `  ${line}`),
    ];
  });
  return paragraphs.flat().map((line) => `${onOneLine(line)}\n`).join("");
}
