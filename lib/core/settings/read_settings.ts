import { quote } from "../values/notice.ts";
import { isAcmeOn, isTlsAlpnOn } from "./acme_values.ts";
import { peerConflicts } from "./peer_values.ts";
import { type CommandName, type Setting, SETTINGS, type Settings } from "./settings.ts";

/** What the command line gave, by flag; a switch that was given is `["true"]`. */
export type GivenFlags = Readonly<Record<string, readonly string[] | undefined>>;

/** The settings from flags and environment, or one line for each value that cannot be used. */
export function readSettings(
  given: GivenFlags,
  env: Readonly<Record<string, string | undefined>>,
): { readonly settings: Settings; readonly problems: readonly string[] } {
  const settings: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting][]) {
    const { texts, source } = find(setting, given, env);
    const results = texts.map((text) => ({ text, result: setting.parse(text) }));
    for (const { text, result } of results) {
      // A secret that is refused must not be repeated into a log.
      const shown = name === "statsPassword" || name === "acmeEab" ? "(hidden)" : quote(text);
      if (!result.ok) problems.push(`${source} is ${shown}, expected ${result.expected}`);
    }
    const values = results.flatMap(({ result }) => result.ok ? [result.value] : []);
    settings[name] = values.length === 0 ? setting.fallback : setting.isRepeatable ? values : values.at(-1);
  }
  // The file names the engines, beside those that were given.
  if (
    settings["dockerHostsFile"] !== undefined && settings["dockerHosts"] === SETTINGS.dockerHosts.fallback
  ) {
    settings["dockerHosts"] = [];
  }
  // Two settings of one thing: a flag beats the environment here too.
  if (given["stats-password"] !== undefined && given["stats-password-file"] === undefined) {
    settings["statsPasswordFile"] = undefined;
  }
  return {
    settings: settings as Settings,
    problems: [...problems, ...conflicts(settings as Settings, given)],
  };
}

/** What was given of a command's settings, as an environment that gives the same. */
export function asEnvironment(
  given: GivenFlags,
  env: Readonly<Record<string, string | undefined>>,
  command: CommandName,
): Record<string, string> {
  const settings = (Object.values(SETTINGS) as Setting[]).filter(({ commands }) =>
    commands.includes(command)
  );
  return Object.fromEntries(settings.flatMap((setting) => {
    const { texts } = find(setting, given, env);
    const [name] = setting.env;
    const text = setting.isRepeatable ? texts.join(",") : texts.at(-1);
    return name === undefined || text === undefined || text === "" ? [] : [[name, text]];
  }));
}

/** An environment with what another one gives beside it: each setting is had from one of the two. */
export function beneath(
  env: Readonly<Record<string, string | undefined>>,
  other: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  const merged = { ...env };
  for (const { env: names } of Object.values(SETTINGS) as Setting[]) {
    if (names.some((name) => (env[name] ?? "") !== "")) continue;
    for (const name of names) merged[name] = other[name] ?? merged[name];
  }
  return merged;
}

/** Values that are right by themselves, and not beside each other. */
function conflicts(settings: Settings, given: GivenFlags): string[] {
  const { tlsCert, httpPort, httpsPort } = settings;
  const problems: string[] = peerConflicts(settings.peers);
  const hasHttps = tlsCert !== undefined || isAcmeOn(settings);
  if (hasHttps && httpPort === httpsPort) {
    problems.push(`--https-port is ${httpsPort}, expected another port than --http-port`);
  }
  if (given["stats-password"] !== undefined && given["stats-password-file"] !== undefined) {
    problems.push("--stats-password and --stats-password-file are both given, expected one of them");
  }
  if (isTlsAlpnOn(settings)) {
    if (settings.acmeDnsHook !== undefined) {
      problems.push(
        "--acme-challenge is tls-alpn-01, expected no --acme-dns-hook beside it, which proves each host",
      );
    }
    if (settings.external) {
      problems.push("--acme-challenge is tls-alpn-01, expected no --external: HAProxy answers by commands");
    }
  }
  return problems;
}

function find(setting: Setting, given: GivenFlags, env: Readonly<Record<string, string | undefined>>) {
  const texts = setting.flag === undefined ? undefined : given[setting.flag];
  if (texts !== undefined) return { texts, source: `--${setting.flag}` };
  for (const name of setting.env) {
    const text = env[name];
    // An empty variable is what `-e NAME=` and compose files leave for "not set".
    if (text === undefined || text === "") continue;
    return {
      texts: setting.isRepeatable ? text.split(",").map((part) => part.trim()) : [text],
      source: name,
    };
  }
  return { texts: [], source: "" };
}
