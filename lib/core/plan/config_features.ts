/** What stands in a config's fixed part only while some route, server or node asks for it. */
type Feature = {
  /** A line that is there exactly then; its group tells one such thing from another. */
  readonly sign: RegExp;
  /** All lines that come or go with it. */
  readonly lines: RegExp;
  readonly came: (which: string) => string;
  readonly went: (which: string) => string;
  /** Where it was there and is, and lines of it differ; they are no news where this is absent. */
  readonly changed?: string;
};

const FEATURES: readonly Feature[] = [
  {
    sign: /^http-request cache-use /,
    // Beside a cache, last_try.lua ends no request (LAST_TRY_TEMPLATES).
    lines:
      /^http-\S+ cache-(?:use|store) |last_try|SIGNALBOX_LAST_TRY|^retries |disable-l7-retry|^tcp-response (?:inspect-delay|content) /,
    came: () => "the first route that caches is new",
    went: () => "the last route that caches is gone",
  },
  {
    sign: /^bind abns@signalbox-https /,
    lines: /^bind .*\bcrt-list\b|SIGNALBOX_SOCKETS|SIGNALBOX_CONNECTIONS|^stick-table type ipv6 size /,
    came: () => "the first host whose TLS goes through is new",
    went: () => "the last host whose TLS goes through is gone",
  },
  {
    sign: /^userlist (\S+)/,
    lines: /^userlist |^user \S+ password |set-var\(txn\.given\) var\(txn\.hash\)/,
    came: (route) => `a password of ${route} whose hash only crypt knows is new`,
    went: (route) => `passwords of ${route} whose hash only crypt knows are gone`,
    changed: "passwords whose hash only crypt knows differ",
  },
  {
    sign: /\bfield\(-1,\.,([0-9]+)\)/,
    lines: /\bfield\(-1,\.,[0-9]+\)/,
    came: (labels) => `the first wildcard of ${labels} labels is new`,
    went: (labels) => `the last wildcard of ${labels} labels is gone`,
  },
  {
    sign: /^peer (\S+) /,
    lines: /^peer /,
    came: (peer) => `the peer ${peer} is new`,
    went: (peer) => `the peer ${peer} is gone`,
    changed: "addresses of peers differ",
  },
  {
    sign: /^(resolvers) /,
    lines:
      /^(?:resolvers|nameserver|parse-resolv-conf|accepted_payload_size|timeout (?:resolve|retry)|resolve_retries|hold)\b/,
    came: () => "the first server that has a name is new",
    went: () => "the last server that has a name is gone",
  },
];

/** Things of one kind that are named. */
const MOST_NAMED = 3;

/** How the lines of two texts differ: what came and went, in words, and the lines that this does not explain. */
export type FeatureChange = {
  readonly words: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
};

/** Tells which features came and went between two sets of lines. */
export function featureChange(had: ReadonlySet<string>, has: ReadonlySet<string>): FeatureChange {
  let [added, removed] = [[...has.difference(had)], [...had.difference(has)]];
  const words: string[] = [];
  for (const { sign, lines, came, went, changed } of FEATURES) {
    const [before, after] = [signsIn(had, sign), signsIn(has, sign)];
    const own = [...named(after.difference(before), came), ...named(before.difference(after), went)];
    const isOther = (line: string) => !lines.test(line);
    const isTouched = [...added, ...removed].some((line) => lines.test(line));
    if (own.length > 0) words.push(...own);
    else if (changed !== undefined && isTouched) words.push(changed);
    else continue;
    [added, removed] = [added.filter(isOther), removed.filter(isOther)];
  }
  return { words, added, removed };
}

const signsIn = (lines: ReadonlySet<string>, sign: RegExp): Set<string> =>
  new Set([...lines].flatMap((line) => {
    const found = sign.exec(line);
    return found === null ? [] : [found[1] ?? ""];
  }));

function named(which: ReadonlySet<string>, words: (which: string) => string): string[] {
  const all = [...which].map(words);
  return all.length > MOST_NAMED ? [...all.slice(0, MOST_NAMED), `${all.length - MOST_NAMED} more`] : all;
}
