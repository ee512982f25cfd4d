import type { Built, Verdict } from "../core/build_model.ts";
import { formatEndpoint, parseHost } from "../core/names.ts";
import { formatNotice } from "../core/notice.ts";
import { wrongUsage } from "./failure.ts";
import { readSnapshot } from "./input.ts";
import { prepareRouting } from "./routing.ts";
import { settingsOf } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** Says for each container, or for the host or container named, what it serves, or why nothing. */
export async function explain(
  subject: string | undefined,
  options: { readonly json?: boolean } & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const settings = settingsOf(options, terminal);
  const routing = await prepareRouting(settings);
  const { built } = routing.design(await readSnapshot(settings, terminal));
  const verdicts = built.verdicts.filter((verdict) => subject === undefined || concerns(verdict, subject));
  if (subject !== undefined && verdicts.length === 0) throw wrongUsage(unknownSubject(subject, built));
  const entries = verdicts.map((verdict) => explainOne(verdict, built));
  if (options.json) await terminal.out(`${JSON.stringify(entries, undefined, 2)}\n`);
  else await terminal.out(entries.length === 0 ? "no container runs\n" : entries.map(formatEntry).join(""));
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

function concerns(verdict: Verdict, subject: string): boolean {
  const host = parseHost(subject);
  const isHost = host.ok && verdict.hosts.some((served) => served.host === host.value);
  const { id, name } = verdict.container;
  return isHost || name === subject || (subject.length >= 4 && id.startsWith(subject));
}

function unknownSubject(subject: string, built: Built): string {
  const hosts = [...new Set(built.model.routes.map((route) => route.host))].slice(0, 20).join(", ") || "none";
  return `no running container is called "${subject}" and none serves it; hosts that are served: ${hosts}`;
}

function explainOne(verdict: Verdict, built: Built): Entry {
  const { container, server } = verdict;
  const notices = built.notices.filter((notice) => notice.subject === container.name).map((notice) =>
    formatNotice(notice)
  );
  const backend = server &&
    built.model.backends.find((each) => each.servers.some((one) => one.name === server.name));
  return {
    container: container.name,
    id: container.id.slice(0, 12),
    hosts: verdict.hosts.map(({ host, path }) => host + path),
    backend: backend?.name,
    address: server && formatEndpoint(server.address, server.port),
    via: server && (server.via === "published" ? "a port of its engine's host" : "its own address"),
    why: verdict.why,
    notices,
  };
}

function formatEntry(entry: Entry): string {
  const lines = entry.why === undefined
    ? [`  serves ${entry.hosts.join(", ")}`, `  at ${entry.address} (${entry.via})`]
    : [`  serves nothing: ${entry.why}`];
  return [`${entry.container} (${entry.id})`, ...lines, ...entry.notices.map((notice) => `  ${notice}`), ""]
    .join("\n");
}
