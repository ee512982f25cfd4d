import { EVERY_HOST, expressionOf, isHostPattern } from "../values/host_pattern.ts";
import { type HostName, isWildcard } from "../values/names.ts";

/** Which other hosts answer for a host, with the patterns in the order in which HAProxy tries them. */
export class HostsAbove {
  readonly #expressions = new Map<HostName, RegExp>();

  constructor(readonly patterns: readonly HostName[]) {}

  /**
   * The host, the wildcards that it is below, the first pattern that matches it, and what stands for every host: the order
   * in which HAProxy looks. It takes the first of them that has a route to the path.
   */
  of(host: HostName): readonly HostName[] {
    if (isHostPattern(host) || host === EVERY_HOST) return [...new Set([host, EVERY_HOST])];
    const wildcards = wildcardsAbove(host);
    // A pattern may match some hosts of a wildcard and others not.
    const pattern = isWildcard(host) ? undefined : this.#patternOf(host);
    return [...new Set([host, ...wildcards, ...pattern === undefined ? [] : [pattern], EVERY_HOST])];
  }

  /** The patterns that may match a host of a wildcard; some that match none may be among them. */
  mayMatch(wildcard: HostName): readonly HostName[] {
    const end = wildcard.slice(1);
    return this.patterns.filter((pattern) => {
      const tail = literalEnd(pattern);
      return end.endsWith(tail) || tail.endsWith(end);
    });
  }

  #patternOf(host: HostName): HostName | undefined {
    return this.patterns.find((pattern) => {
      let expression = this.#expressions.get(pattern);
      if (expression === undefined) {
        this.#expressions.set(pattern, expression = new RegExp(expressionOf(pattern)));
      }
      return expression.test(host);
    });
  }
}

function wildcardsAbove(host: HostName): readonly HostName[] {
  const labels = host.split(".");
  return labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join(".")}` as HostName);
}

/** What every host ends with that a pattern matches: the letters and dots behind all else in it. */
const literalEnd = (pattern: HostName): string =>
  (/(?:[a-z0-9_-]|\[\.\])*$/.exec(pattern)?.[0] ?? "").replaceAll("[.]", ".");
