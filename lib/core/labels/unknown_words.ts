import type { Fault } from "../keys/route_data.ts";
import type { Complaints } from "../values/complaints.ts";
import { count } from "../values/count.ts";
import { quote } from "../values/notice.ts";
import { shownName } from "./shown_names.ts";
import { type KeyName, keyNamed } from "../keys/route_keys.ts";

/** Words that are compared with what is known, of all that one container says. */
const MOST_COMPARED = 64;
const TOO_MANY = `more than ${MOST_COMPARED} of its words are not known`;
/** Words that one notice names. */
const MOST_NAMED = 5;

/** How many words of one container may still be compared with what is known. */
export class Comparisons {
  #left = MOST_COMPARED;

  /** Whether one more may be. */
  take(): boolean {
    return this.#left-- > 0;
  }
}

/** A key that was probably meant, as it is spelt in the source, and the route that it would speak of. */
export type Near = {
  readonly key: KeyName;
  readonly meant: string;
  readonly route: string;
  /** It stands where it may be meant for each route of the container. */
  readonly isForAll?: boolean | undefined;
};

type Unknown = { readonly word: string; readonly shown: string; readonly meant: string | undefined };

/** The words of one source that are no keys, told of in one notice. */
export class UnknownWords {
  /** Those that may be meant to narrow or protect come first. */
  readonly #guards: Unknown[] = [];
  readonly #others: Unknown[] = [];
  readonly #faults = new Map<string, string>();
  /** By word: the keys that narrow or protect as which it may be meant, the likeliest first. */
  readonly #meant: (readonly Near[])[] = [];
  #closing: Fault;
  #count = 0;
  #isTooMany = false;

  constructor(readonly comparisons: Comparisons) {}

  /** Takes a word; `near` finds the keys that were probably meant. */
  add(word: string, near: () => readonly Near[]): void {
    this.#count++;
    if (!this.comparisons.take()) {
      this.#isTooMany = true;
      return;
    }
    const found = near();
    const shown = shownName(word);
    const guards = found.filter(({ key }) => keyNamed(key).isGuard);
    for (const { route, meant } of guards) {
      this.#faults.set(route, `${quote(shown)} is not known, and may be meant as ${quote(meant)}`);
    }
    if (guards.length > 0) this.#meant.push(guards);
    if (guards.some(({ key, route, isForAll }) => isForAll || (key === "enable" && route === ""))) {
      this.#closing ??= this.#faults.get("");
    }
    const list = guards.length > 0 ? this.#guards : this.#others;
    if (list.length < MOST_NAMED) list.push({ word, shown, meant: (guards[0] ?? found[0])?.meant });
  }

  /**
   * Why a route cannot be served: a word may be meant to narrow or protect it. What was to be closed is not opened by
   * a slip of the pen, nor by so many words that nobody looks at the last.
   */
  faultOf(route: string): Fault {
    return this.#isTooMany ? TOO_MANY : this.#faults.get(route);
  }

  /** A key that protects, as which a word may be meant, by route: one that nothing else speaks of where no other can be meant. */
  slips(isSaid: (route: string) => boolean): ReadonlyMap<string, KeyName> {
    const slips = new Map<string, KeyName>();
    for (const guards of this.#meant) {
      const said = guards.filter(({ route }) => route === "" || isSaid(route));
      for (const { route, key } of said.length > 0 ? said : guards.slice(0, 1)) {
        if (key !== "enable" || !slips.has(route)) slips.set(route, key);
      }
    }
    return slips;
  }

  /** Why the whole container may be meant to be left out, or closed: each of its routes is, until the word is mended. */
  get closing(): Fault {
    return this.#isTooMany ? TOO_MANY : this.#closing;
  }

  /** Tells of all: `noun` is what the words are, `placeOf` where one of them stands, or all of them. */
  tell(complaints: Complaints, noun: "key" | "label", placeOf: (word?: string) => string): void {
    if (this.#count === 0) return;
    complaints.warn("unknown-key", () => {
      const named = [...this.#guards, ...this.#others].slice(0, MOST_NAMED);
      const [first] = named;
      if (this.#count === 1 && first !== undefined) {
        const what = `${noun} ${quote(first.shown)}${placeOf(first.word)} is not known`;
        if (first.meant === undefined) return what;
        const cost = this.#guards.length > 0
          ? " The route is left out, since that key narrows or protects it"
          : "";
        return `${what}, did you mean ${quote(first.meant)}?${cost}`;
      }
      const words = named.map(({ shown, meant }) =>
        quote(shown) + (meant === undefined ? "" : ` (did you mean ${quote(meant)}?)`)
      );
      const more = this.#count > named.length ? ` and ${this.#count - named.length} more` : "";
      const listed = words.length === 0 ? "" : `: ${words.join(", ")}${more}`;
      const verb = this.#count === 1 ? "is" : "are";
      return `${count(this.#count, noun)}${placeOf()} ${verb} not known${listed}${this.#costs()}`;
    });
  }

  #costs(): string {
    if (this.#isTooMany) {
      return `; the route is left out, since only ${MOST_COMPARED} are compared with the known keys`;
    }
    const [guard] = this.#guards;
    if (guard === undefined) return "";
    return `; the route is left out, since ${quote(guard.meant)} narrows or protects it`;
  }
}
