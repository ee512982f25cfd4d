import { quote } from "./notice.ts";
import { type Setting, SETTINGS, type Settings } from "./settings.ts";

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
      // A password that is refused must not be repeated into a log.
      const shown = name === "statsPassword" ? "(hidden)" : quote(text);
      if (!result.ok) problems.push(`${source} is ${shown}, expected ${result.expected}`);
    }
    const values = results.flatMap(({ result }) => result.ok ? [result.value] : []);
    settings[name] = values.length === 0 ? setting.fallback : setting.isRepeatable ? values : values.at(-1);
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

/** Values that are right by themselves, and not beside each other. */
function conflicts({ tlsCert, httpPort, httpsPort }: Settings, given: GivenFlags): string[] {
  const problems: string[] = [];
  if (tlsCert !== undefined && httpPort === httpsPort) {
    problems.push(`--https-port is ${httpsPort}, expected another port than --http-port`);
  }
  if (given["stats-password"] !== undefined && given["stats-password-file"] !== undefined) {
    problems.push("--stats-password and --stats-password-file are both given, expected one of them");
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
