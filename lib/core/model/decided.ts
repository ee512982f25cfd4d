import { keysOf } from "../keys/options.ts";
import { keyNamed } from "../keys/route_keys.ts";
import { type Notice, quote } from "../values/notice.ts";
import { elder } from "./claims.ts";
import type { SharedKey } from "./merge_rules.ts";
import { isOfOldestAlone } from "./oldest_alone.ts";
import type { RoutingSettings, Speaker } from "./routing_settings.ts";

/** Every key that the containers of a route must agree on. */
export const SHARED_KEYS: readonly SharedKey[] = [...keysOf("backend"), ...keysOf("route")];

/** The value of each key, and the container that decides it. */
export type Decided = { [K in SharedKey]?: { readonly value: unknown; readonly by: Speaker } };

/** The key that each of these does nothing without, where that is a shared one too. */
const NEEDED: ReadonlyMap<SharedKey, SharedKey> = new Map(SHARED_KEYS.flatMap((key) => {
  const needed = SHARED_KEYS.find((other) => other === keyNamed(key).needs?.key);
  return needed === undefined ? [] : [[key, needed]];
}));
/** Those that need none come first: who decides them decides the others. */
const IN_TURN = [SHARED_KEYS.filter((key) => !NEEDED.has(key)), [...NEEDED.keys()]];
const YIELDING = SHARED_KEYS.filter((key) => keyNamed(key).yields !== undefined);

/**
 * Who decides each key that the containers of a route say, the oldest first: the first that says it. A younger one adds what
 * the older ones are silent about, and weakens nothing that they said: each word that does not count is a notice.
 */
export class DecidedKeys {
  readonly byKey: Decided = {};
  readonly notices: Notice[] = [];

  constructor(readonly members: readonly Speaker[], readonly settings: RoutingSettings) {
    for (const keys of IN_TURN) {
      for (const member of members) {
        if (!member.data.isExplicit) continue;
        for (const key of keys) if (member.data[key] !== undefined) this.#decide(key, member);
      }
    }
    for (const key of YIELDING) this.#yield(key);
  }

  #decide(key: SharedKey, member: Speaker): void {
    const value = member.data[key];
    const needed = NEEDED.get(key);
    const decider = needed === undefined ? undefined : this.byKey[needed]?.by;
    if (decider !== undefined && !isOfOne(decider, member)) {
      if (isSame(decider.data[key], value)) return;
      const who = `${elder(decider.container.name)} of the same host, which decides ${needed}`;
      return this.#warn(member, `${key} counts only from ${who}; ${LATER}`);
    }
    const before = this.byKey[key];
    if (before === undefined) this.#decideFirst(key, value, member);
    else if (keyNamed(key).isShared) {
      this.byKey[key] = { value: this.#join(key, before.value, member), by: before.by };
    } else if (!isSame(before.value, value)) {
      const who = `${elder(before.by.container.name)} of the same host, which decides`;
      this.#warn(member, `${key} differs from that of ${who}; ${LATER}`);
    }
  }

  #decideFirst(key: SharedKey, value: unknown, member: Speaker): void {
    const oldest = this.members[0] ?? member;
    if (isOfOne(oldest, member) || !isOfOldestAlone(key, value, this.settings)) {
      this.byKey[key] = { value, by: member };
      return;
    }
    const who = `the oldest container of the same host, and ${quote(oldest.container.name)}`;
    const message = `${key} counts only from ${who} does not say it; ${LATER}`;
    if (key !== "check" && key !== "check_interval") return this.#warn(member, message);
    // It costs nothing: signalbox sends the check to this container before its first request.
    this.notices.push({ severity: "info", code: "conflict", subject: member.container.name, message });
  }

  /** A shared list with what another container adds to it; what is about the same as an element of it is left out. */
  #join(key: SharedKey, before: unknown, member: Speaker): readonly unknown[] {
    const all = [...before as readonly unknown[]];
    const added = member.data[key] as readonly unknown[];
    const subjectOf = keyNamed(key).subjectOf as ((element: unknown) => string) | undefined;
    if (subjectOf === undefined) return [...all, ...added];
    const known = new Map(all.map((element) => [subjectOf(element), element]));
    for (const element of added) {
      const subject = subjectOf(element);
      const same = known.get(subject);
      if (same === undefined) {
        known.set(subject, element);
        all.push(element);
      } else if (!isSame(same, element)) {
        const who = "an older container of the same host, which decides";
        this.#warn(member, `${key} has ${quote(subject)} otherwise than ${who}; ${LATER}`);
      }
    }
    return all;
  }

  /** Takes from a key what another container's word of another key stands against. */
  #yield(key: SharedKey): void {
    for (const { to, of, split } of keyNamed(key).yields ?? []) {
      const said = this.byKey[key];
      const other = this.byKey[to as SharedKey];
      if (said === undefined || other === undefined || isOfOne(said.by, other.by)) continue;
      const isOlder = this.members.indexOf(other.by) < this.members.indexOf(said.by);
      if (of === "older" && !isOlder) continue;
      const { kept, left } = split(said.value as never, other.by.data as never);
      if (left.length === 0) continue;
      this.byKey[key] = { value: kept, by: said.by };
      const { name } = other.by.container;
      const who = isOlder ? elder(name) : `the container ${quote(name)}`;
      this.#warn(
        said.by,
        `${key} is left out for ${shown(left)}: ${to} of ${who} of the same host stands against it`,
      );
    }
  }

  #warn({ container, server }: Speaker, message: string): void {
    // Why it has no server is told already.
    if (server === undefined) return;
    this.notices.push({ severity: "warning", code: "conflict", subject: container.name, message });
  }
}

/** One container may ask for a host and path twice: what it says against itself is its own matter. */
const isOfOne = (a: Speaker, b: Speaker): boolean => a.container === b.container;

const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** What becomes of a word that an older container stands before. */
const LATER = "this one takes hold when that one is gone";

/** Words that a message shows. */
const MOST_SHOWN = 3;

const shown = (words: readonly string[]): string =>
  words.length <= MOST_SHOWN
    ? words.join(", ")
    : `${words.slice(0, MOST_SHOWN).join(", ")} and ${words.length - MOST_SHOWN} more`;
