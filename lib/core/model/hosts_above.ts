import { EVERY_HOST, expressionOf, isHostPattern } from "../values/host_pattern.ts";
import { type HostName, isWildcard } from "../values/names.ts";
import type { PassMemory } from "./pass_memory.ts";

/** Whether a pattern matches a host, by both of them: what the last pass found out is not tried again. */
export type Matches = PassMemory<string, boolean>;

/**
 * How many characters of the hosts of one container the patterns may read, a host once for each pattern: 256 patterns that
 * are slow take seconds for the hosts that a container can name.
 */
const MOST_READ = 65_536;

type Pattern = { readonly host: HostName; readonly end: string; expression?: RegExp };

/** Which other hosts answer for a host, with the patterns in the order in which HAProxy tries them. */
export class HostsAbove {
  readonly #patterns: readonly Pattern[];
  readonly #firsts = new Map<HostName, { readonly pattern: HostName | undefined }>();
  readonly #near = new Map<HostName, readonly HostName[]>();
  /** By container. */
  readonly #read = new Map<string, number>();

  constructor(patterns: readonly HostName[], readonly matches: Matches) {
    this.#patterns = patterns.map((host) => ({ host, end: literalEnd(host) }));
  }

  /** The host, and the wildcards that it is below: the order in which HAProxy looks. It takes the first with a route to the path. */
  near(host: HostName): readonly HostName[] {
    if (isHostPattern(host) || host === EVERY_HOST) return [host];
    let near = this.#near.get(host);
    if (near === undefined) this.#near.set(host, near = [...new Set([host, ...wildcardsAbove(host)])]);
    return near;
  }

  /**
   * Where HAProxy looks next: the first pattern that matches it, and what stands for every host. `undefined` where some patterns
   * are not tried, since each of the containers that name it names more than they may read.
   */
  far(host: HostName, containers: Iterable<string>): readonly HostName[] | undefined {
    if (host === EVERY_HOST) return [];
    // A pattern may match some hosts of a wildcard and others not.
    if (isHostPattern(host) || isWildcard(host)) return [EVERY_HOST];
    for (const by of containers) {
      const first = this.#firsts.get(host) ?? this.#firstOf(host, by);
      if (first === undefined) continue;
      this.#firsts.set(host, first);
      return first.pattern === undefined ? [EVERY_HOST] : [first.pattern, EVERY_HOST];
    }
    return undefined;
  }

  /** The patterns that may match a host of a wildcard; some that match none may be among them. */
  mayMatch(wildcard: HostName): readonly HostName[] {
    const end = wildcard.slice(1);
    return this.#patterns.filter((pattern) => end.endsWith(pattern.end) || pattern.end.endsWith(end))
      .map(({ host }) => host);
  }

  /** Nothing where its container has no more to be read: what another one names is tried none the less. */
  #firstOf(host: HostName, by: string): { readonly pattern: HostName | undefined } | undefined {
    let read = this.#read.get(by) ?? 0;
    const first = this.#patterns.find((pattern) => {
      if (!host.endsWith(pattern.end)) return false;
      read += host.length;
      return read > MOST_READ || this.#isMatch(host, pattern);
    });
    this.#read.set(by, read);
    return read > MOST_READ ? undefined : { pattern: first?.host };
  }

  #isMatch(host: HostName, pattern: Pattern): boolean {
    const key = `${host} ${pattern.host}`;
    const before = this.matches.get(key);
    if (before !== undefined) return before;
    pattern.expression ??= new RegExp(expressionOf(pattern.host));
    return this.matches.set(key, pattern.expression.test(host));
  }
}

function wildcardsAbove(host: HostName): readonly HostName[] {
  const above: HostName[] = [];
  for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    above.push(`*${host.slice(dot)}` as HostName);
  }
  return above;
}

/** What every host ends with that a pattern matches: the letters and dots behind all else in it. */
const literalEnd = (pattern: HostName): string =>
  (/(?:[a-z0-9_-]|\[\.\])*$/.exec(pattern)?.[0] ?? "").replaceAll("[.]", ".");
