import { KEY_NAMES, keyNamed } from "../keys/route_keys.ts";
import { readMove } from "../keys/redirect.ts";
import { shownData, shownLabel, shownLabelName } from "../labels/shown_words.ts";
import type { LabelPrefix } from "../labels/label_parts.ts";
import type { Built } from "../model/build_model.ts";
import { type Backend, type Route, routeName, type Server } from "../model/model.ts";
import { verdictsOfEach } from "../model/verdict.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { formatNoticeLines, type Notice } from "../values/notice.ts";
import { shortId } from "../values/names.ts";
import { lineToAdd } from "./line_to_add.ts";
import type { LiveMessages } from "./live_messages.ts";
import {
  KEYS,
  type LeftOut,
  type PictureBackend,
  type PictureContainer,
  type PictureLists,
  type PictureRoute,
  shownRoutes,
} from "./picture.ts";
import type { ServerStatus } from "./route_status.ts";

/** What is shown of one container's labels and data, in characters. */
const LONGEST_WORD = 300;
const MOST_LABELS = 40;
/** Names of labels that are remembered. */
const MOST_NAMES = 1_000;
/** Notices that are shown. */
const MOST_NOTICES = 1_000;

const NOTHING: PictureLists = { routes: [], backends: [], containers: [], leftOut: [], notices: [] };

/**
 * Draws the live picture. What has not changed since the last one is the very same object, so that a change among thousands of
 * hosts costs little: a model's parts are the same objects, and where all containers were read anew, what they say is compared.
 */
export class PictureMemory {
  readonly #routes = new WeakMap<Route, PictureRoute>();
  readonly #backends = new WeakMap<Backend, PictureBackend>();
  readonly #containers = new WeakMap<ContainerView, PictureContainer>();
  readonly #notices = new WeakMap<Notice, PictureLists["notices"][number]>();
  /** Names of labels as they are shown: thousands of containers have the same ones, and each is compared with all keys. */
  readonly #names = new Map<string, string>();
  #leftOut: ReadonlyMap<string, LeftOut> = new Map();
  #before = new LastPicture(NOTHING);

  constructor(readonly prefix: LabelPrefix | undefined) {}

  /** The picture of what was built; `read` tells whether a server has traffic. */
  draw(built: Built | undefined, read: (server: Server) => ServerStatus): PictureLists {
    if (built === undefined) return NOTHING;
    const drawn: PictureLists = {
      routes: shownRoutes(built.model).map((route) => this.#drawRoute(route)),
      backends: built.model.backends.map((backend) => this.#drawBackend(backend, read)),
      containers: built.considered.map(({ container }) =>
        memoized(
          this.#containers,
          container,
          (each) => this.#before.sameOr("containers", this.#drawContainer(each)),
        )
      ),
      leftOut: this.#drawLeftOut(built),
      notices: built.notices.slice(0, MOST_NOTICES).map((notice, at) => this.#drawNotice(notice, at)),
    };
    this.#before = new LastPicture(drawn);
    return drawn;
  }

  /** Lets the last picture go: nobody looks at it any more. */
  forget(): void {
    this.#before = new LastPicture(NOTHING);
  }

  /** The first routes by name, and the backends that serve them: what is in sight first. */
  drawFirst(
    built: Built | undefined,
    read: (server: Server) => ServerStatus,
    most: number,
  ): LiveMessages["first"] {
    if (built === undefined) return { routes: [], backends: [], routesInAll: 0 };
    const all = shownRoutes(built.model).map((route) => ({ route, name: routeName(route) }));
    const first = all.sort((a, b) => a.name < b.name ? -1 : 1).slice(0, most);
    const names = new Set<string>(first.map(({ route }) => route.backend));
    return {
      routes: first.map(({ route }) => this.#drawRoute(route)),
      backends: built.model.backends.filter(({ name }) => names.has(name)).map((backend) =>
        this.#drawBackend(backend, read)
      ),
      routesInAll: all.length,
    };
  }

  #drawRoute(route: Route): PictureRoute {
    return memoized(this.#routes, route, (each) => this.#before.sameOr("routes", pictureRoute(each)));
  }

  #drawContainer({ id, name, image = "", labels, interlockData: data }: ContainerView): PictureContainer {
    const shown = Object.entries(labels).slice(0, MOST_LABELS).map(([label, text]) =>
      short(`${this.#nameOf(label)}=${shownLabel(label, text, this.prefix)}`)
    );
    return {
      id: shortId(id),
      name,
      image,
      labels: data === undefined ? shown : [...shown, short(`INTERLOCK_DATA=${shownData(data)}`)],
    };
  }

  #nameOf(label: string): string {
    const before = this.#names.get(label);
    if (before !== undefined) return before;
    const name = shownLabelName(label, this.prefix);
    if (this.#names.size >= MOST_NAMES) this.#names.clear();
    this.#names.set(label, name);
    return name;
  }

  #drawBackend(backend: Backend, read: (server: Server) => ServerStatus): PictureBackend {
    const before = this.#backends.get(backend);
    const states = backend.servers.map(read);
    const isSame = before !== undefined &&
      states.every(({ state, why }, at) =>
        before.servers[at]?.state === state && before.servers[at]?.why === why
      );
    if (isSame) return before;
    const drawn = this.#before.sameOr("backends", {
      name: backend.name,
      balance: String(backend.shape.balance_algorithm ?? ""),
      guards: before?.guards ?? guardsOf(backend),
      servers: backend.servers.map((server, at) => ({
        ...states[at] as ServerStatus,
        name: server.name,
        id: shortId(server.containerId),
        weight: Number(server.options.weight ?? 1),
      })),
    });
    this.#backends.set(backend, drawn);
    return drawn;
  }

  #drawLeftOut({ considered, owners }: Built): readonly LeftOut[] {
    const drawn = new Map<string, LeftOut>();
    const unserved = considered.filter(({ attempts }) =>
      !attempts.every(({ offer, why }) =>
        offer === undefined ? why === undefined : owners.get(offer.own.key)?.backend === offer.own.backend
      )
    );
    for (const verdicts of verdictsOfEach({ considered: unserved, owners })) {
      const left = verdicts.filter(({ why }) => why !== undefined);
      left.forEach(({ container, why = "", wanted }, at) => {
        const key = `${shortId(container.id)} ${at}`;
        const before = this.#leftOut.get(key);
        const isSame = before?.why === why && before.wanted === wanted && before.container === container.name;
        const line = lineToAdd(container, why, this.prefix);
        drawn.set(
          key,
          isSame ? before : {
            key,
            container: container.name,
            why,
            ...wanted !== undefined && { wanted },
            ...line !== undefined && { line },
          },
        );
      });
    }
    this.#leftOut = drawn;
    return [...drawn.values()];
  }

  #drawNotice(notice: Notice, at: number): PictureLists["notices"][number] {
    const key = String(at);
    const before = this.#notices.get(notice);
    if (before?.key === key) return before;
    const { severity, code, subject } = notice;
    const text = formatNoticeLines(notice).join("\n");
    const drawn = this.#before.sameOr("notices", { key, severity, code, subject, text });
    this.#notices.set(notice, drawn);
    return drawn;
  }
}

/** The elements of the picture before, by their keys. */
class LastPicture {
  /** Made when it is needed: mostly, nothing is drawn anew. */
  readonly #byKey = new Map<keyof PictureLists, ReadonlyMap<string, object>>();

  constructor(readonly lists: PictureLists) {}

  /** The element that was there, where the new one says the same. */
  sameOr<List extends keyof PictureLists>(
    list: List,
    drawn: PictureLists[List][number],
  ): PictureLists[List][number] {
    const keyOf = (each: object) => (each as Record<string, string>)[KEYS[list]] ?? "";
    let all = this.#byKey.get(list);
    if (all === undefined) {
      all = new Map(this.lists[list].map((each) => [keyOf(each), each]));
      this.#byKey.set(list, all);
    }
    const before = all.get(keyOf(drawn));
    const isSame = before !== undefined && JSON.stringify(before) === JSON.stringify(drawn);
    return isSame ? before as PictureLists[List][number] : drawn;
  }
}

function memoized<K extends object, V>(memory: WeakMap<K, V>, key: K, draw: (key: K) => V): V {
  const before = memory.get(key);
  if (before !== undefined) return before;
  const drawn = draw(key);
  memory.set(key, drawn);
  return drawn;
}

function pictureRoute(route: Route): PictureRoute {
  const { key, host, path, backend, move, variant, listen } = route;
  return {
    key,
    name: routeName(route),
    host,
    path,
    backend,
    ...move !== undefined && { to: `${readMove(move).target} (${readMove(move).code})` },
    ...variant !== undefined && { isVariant: true },
    ...listen !== undefined && { isTcp: true },
  };
}

const short = (text: string): string => text.length > LONGEST_WORD ? `${text.slice(0, LONGEST_WORD)}…` : text;

const GUARDS = KEY_NAMES.filter((key) => keyNamed(key).shown !== undefined);

function guardsOf({ options }: Backend): readonly string[] {
  const values: Readonly<Record<string, unknown>> = options;
  return GUARDS.filter((key) => values[key] !== undefined && values[key] !== false);
}
