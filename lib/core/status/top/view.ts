import type { Sort } from "../live_rows.ts";

/** What the user of `top` has chosen to see. */
export type TopView = {
  readonly sort: Sort;
  readonly isReversed: boolean;
  /** The words that are looked for. */
  readonly filter: string;
  /** A filter that is being typed. */
  readonly typed: string | undefined;
  /** How many lines of the list are above the screen. */
  readonly offset: number;
  /** The containers of each route are shown. */
  readonly isOpen: boolean;
  /** The keys are shown in place of the list. */
  readonly isHelp: boolean;
};

/** What `top` shows at first: the busiest routes. */
export const FIRST_VIEW: TopView = {
  sort: "requests",
  isReversed: false,
  filter: "",
  typed: undefined,
  offset: 0,
  isOpen: false,
  isHelp: false,
};

/** How the list was shown last: lines on one screen, and the offset of its end. */
export type Scroll = { readonly page: number; readonly end: number };

/** A key, or several that do the same. */
export type Key = {
  /** As `keysOf` calls them. */
  readonly keys: readonly string[];
  /** For the help. */
  readonly name: string;
  readonly does: string;
  /** What is seen next; `undefined` ends `top`. */
  readonly act: (view: TopView, scroll: Scroll) => TopView | undefined;
};

const sortKey = (key: string, sort: Sort, does: string): Key => ({
  keys: [key],
  name: key,
  does,
  act: (view) => ({ ...view, sort, isReversed: view.sort === sort && !view.isReversed, offset: 0 }),
});

const moveKey = (
  keys: readonly string[],
  name: string,
  does: string,
  by: (scroll: Scroll) => number,
): Key => ({
  keys,
  name,
  does,
  act: (view, scroll) => ({
    ...view,
    offset: Math.min(Math.max(0, Math.min(view.offset, scroll.end) + by(scroll)), scroll.end),
  }),
});

/** What each key does. */
export const KEYS: readonly Key[] = [
  { keys: ["q", "ctrl-c"], name: "q", does: "quit", act: () => undefined },
  {
    keys: ["/"],
    name: "/",
    does: "filter: words of hosts, containers, images, labels, states",
    act: (view) => ({ ...view, typed: view.filter, offset: 0, isHelp: false }),
  },
  {
    keys: ["escape"],
    name: "Esc",
    does: "show all again",
    act: (view) => view.isHelp ? { ...view, isHelp: false } : { ...view, filter: "", offset: 0 },
  },
  sortKey("n", "name", "sort by name; again turns the order round"),
  sortKey("t", "state", "sort by trouble"),
  sortKey("r", "requests", "sort by requests a second"),
  sortKey("e", "errors", "sort by errors a second"),
  sortKey("l", "latency", "sort by latency"),
  sortKey("s", "sessions", "sort by sessions"),
  {
    keys: ["c"],
    name: "c",
    does: "show or hide the containers of each route",
    act: (view) => ({ ...view, isOpen: !view.isOpen, isHelp: false }),
  },
  moveKey(["down", "j"], "↓ j", "down", () => 1),
  moveKey(["up", "k"], "↑ k", "up", () => -1),
  moveKey(["page-down", " "], "PgDn", "a screen down", ({ page }) => page),
  moveKey(["page-up", "b"], "PgUp", "a screen up", ({ page }) => -page),
  moveKey(["home", "g"], "Home", "to the beginning", () => -Infinity),
  moveKey(["end", "G"], "End", "to the end", () => Infinity),
  {
    keys: ["h", "?"],
    name: "h",
    does: "show or hide this help",
    act: (view) => ({ ...view, isHelp: !view.isHelp }),
  },
];

const BY_KEY: ReadonlyMap<string, (typeof KEYS)[number]> = new Map(
  KEYS.flatMap((row) => row.keys.map((key) => [key, row] as const)),
);

/** The longest filter, in characters. */
const LONGEST_FILTER = 100;

/** What is seen after a key; `undefined` where it ends `top`. A key that does nothing changes nothing. */
export function press(view: TopView, key: string, scroll: Scroll): TopView | undefined {
  return view.typed === undefined
    ? BY_KEY.get(key)?.act(view, scroll) ?? stay(view, key)
    : type(view, view.typed, key);
}

/** Only a key that quits has no next view. */
const stay = (view: TopView, key: string): TopView | undefined => BY_KEY.has(key) ? undefined : view;

function type(view: TopView, typed: string, key: string): TopView | undefined {
  switch (key) {
    case "ctrl-c":
      return undefined;
    case "enter":
      return { ...view, filter: typed, typed: undefined };
    case "escape":
      return { ...view, typed: undefined };
    case "backspace":
      return { ...view, typed: [...typed].slice(0, -1).join("") };
    case "ctrl-u":
      return { ...view, typed: "" };
    default:
      return [...key].length === 1 ? { ...view, typed: (typed + key).slice(0, LONGEST_FILTER) } : view;
  }
}

/** What terminals send for keys without a character (xterm's control sequences; ECMA-48). */
const SEQUENCES: Readonly<Record<string, string>> = {
  "[A": "up",
  "[B": "down",
  "[H": "home",
  "[F": "end",
  "[1~": "home",
  "[7~": "home",
  "[4~": "end",
  "[8~": "end",
  "[5~": "page-up",
  "[6~": "page-down",
  "OA": "up",
  "OB": "down",
  "OH": "home",
  "OF": "end",
};
const CONTROLS: Readonly<Record<string, string>> = {
  "\x03": "ctrl-c",
  "\x15": "ctrl-u",
  "\x1a": "ctrl-z",
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x1b": "escape",
};
// deno-lint-ignore no-control-regex
const KEY = /\x1b(\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|O[\x40-\x7e])|[\s\S]/gu;

/** The keys of what a terminal sent at once: a character each, or a word such as `up`. */
export function keysOf(text: string): readonly string[] {
  return [...text.matchAll(KEY)].flatMap(([all, sequence]) => {
    if (sequence !== undefined) return [SEQUENCES[sequence] ?? "unknown"];
    const control = CONTROLS[all];
    if (control !== undefined) return [control];
    return /^[\p{Cc}\p{Cf}\p{Cs}]$/u.test(all) ? [] : [all];
  });
}
