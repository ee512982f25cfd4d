import type { KeptEvent } from "./history.ts";
import type { LiveMessageName, LiveMessages } from "./live_messages.ts";
import type { Loads } from "./loads.ts";
import { KEYS, type PictureBackend, type PictureLists, type PictureRoute } from "./picture.ts";

/** What a reader of a live picture knows: the page and `top` read the same messages. */
export type LiveState = {
  readonly lists: { readonly [List in keyof PictureLists]: Map<string, PictureLists[List][number]> };
  facts: LiveMessages["facts"] | undefined;
  haproxy: LiveMessages["haproxy"] | undefined;
  /** `undefined` until the first look, `null` where HAProxy cannot be read. */
  loads: Loads | null | undefined;
  /** The oldest first. */
  events: readonly KeptEvent[];
  /** Some events are missing in between. */
  hasGap: boolean;
  hasPicture: boolean;
  /** How many routes the picture will have, of which the first ones are here already. */
  routesToCome: number | undefined;
  /** What a search looks through, for as long as neither the route nor its backend changes. */
  readonly searchTexts: WeakMap<
    PictureRoute,
    { readonly backend: PictureBackend | undefined; readonly text: string }
  >;
};

/** Events that a reader keeps. */
const MOST_EVENTS = 500;

const LISTS = Object.keys(KEYS) as readonly (keyof PictureLists)[];

/** A reader that has heard nothing yet. */
export const emptyLiveState = (): LiveState => ({
  lists: {
    routes: new Map(),
    backends: new Map(),
    containers: new Map(),
    leftOut: new Map(),
    notices: new Map(),
  },
  facts: undefined,
  haproxy: undefined,
  loads: undefined,
  events: [],
  hasGap: false,
  hasPicture: false,
  routesToCome: undefined,
  searchTexts: new WeakMap(),
});

/** Takes a message in; names that are not known are those of a younger signalbox. */
export function hear<Name extends LiveMessageName>(
  state: LiveState,
  name: Name,
  data: LiveMessages[Name],
): void {
  const takers: { readonly [N in LiveMessageName]: (data: LiveMessages[N]) => void } = {
    first: ({ routes, backends, routesInAll }) => {
      // After a cut, what is shown is more than that.
      if (state.hasPicture) return;
      put(state, "routes", routes);
      put(state, "backends", backends);
      state.routesToCome = routesInAll;
    },
    picture: (lists) => {
      for (const list of LISTS) {
        state.lists[list].clear();
        put(state, list, lists[list]);
      }
      state.hasPicture = true;
      state.routesToCome = undefined;
    },
    change: (change) => {
      for (const list of LISTS) {
        change[list]?.drop.forEach((key) => state.lists[list].delete(key));
        put(state, list, change[list]?.put ?? []);
      }
    },
    facts: (facts) => void (state.facts = facts),
    haproxy: (haproxy) => void (state.haproxy = haproxy),
    loads: (loads) => void (state.loads = loads),
    told: (events) => {
      const last = state.events.at(-1)?.id ?? 0;
      state.events = [...state.events, ...events.filter(({ id }) => id > last)].slice(-MOST_EVENTS);
    },
    gap: () => void (state.hasGap = true),
    beat: () => {},
  };
  takers[name]?.(data);
}

function put<List extends keyof PictureLists>(
  state: LiveState,
  list: List,
  elements: PictureLists[List],
): void {
  const map = state.lists[list] as Map<string, object>;
  const key = KEYS[list];
  for (const each of elements) map.set((each as unknown as Record<string, string>)[key] ?? "", each);
}
