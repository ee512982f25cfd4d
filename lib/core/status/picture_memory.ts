import { KEY_NAMES, keyNamed } from "../keys/route_keys.ts";
import { readMove } from "../keys/redirect.ts";
import { shownData, shownLabel, shownLabelName } from "../labels/shown_words.ts";
import type { LabelPrefix } from "../labels/label_parts.ts";
import type { Built } from "../model/build_model.ts";
import { type Backend, type Route, routeName, type Server } from "../model/model.ts";
import { verdictsOf } from "../model/verdict.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { formatNoticeLines, type Notice } from "../values/notice.ts";
import { shortId } from "../values/names.ts";
import { lineToAdd } from "./line_to_add.ts";
import {
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
 * Draws the live picture. What has not changed since the last one is the very same object: a model's parts are, so that
 * a change among thousands of hosts costs little.
 */
export class PictureMemory {
  readonly #routes = new WeakMap<Route, PictureRoute>();
  readonly #backends = new WeakMap<Backend, PictureBackend>();
  readonly #containers = new WeakMap<ContainerView, PictureContainer>();
  readonly #notices = new WeakMap<Notice, PictureLists["notices"][number]>();
  /** Names of labels as they are shown: thousands of containers have the same ones, and each is compared with all keys. */
  readonly #names = new Map<string, string>();
  #leftOut: ReadonlyMap<string, LeftOut> = new Map();

  constructor(readonly prefix: LabelPrefix | undefined) {}

  /** The picture of what was built; `read` tells whether a server has traffic. */
  draw(built: Built | undefined, read: (server: Server) => ServerStatus): PictureLists {
    if (built === undefined) return NOTHING;
    return {
      routes: shownRoutes(built.model).map((route) => memoized(this.#routes, route, drawRoute)),
      backends: built.model.backends.map((backend) => this.#drawBackend(backend, read)),
      containers: built.considered.map(({ container }) =>
        memoized(this.#containers, container, (each) => this.#drawContainer(each))
      ),
      leftOut: this.#drawLeftOut(built),
      notices: built.notices.slice(0, MOST_NOTICES).map((notice, at) => this.#drawNotice(notice, at)),
    };
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
    const drawn: PictureBackend = {
      name: backend.name,
      balance: String(backend.shape.balance_algorithm ?? ""),
      guards: before?.guards ?? guardsOf(backend),
      servers: backend.servers.map((server, at) => ({
        ...states[at] as ServerStatus,
        name: server.name,
        id: shortId(server.containerId),
        weight: Number(server.options.weight ?? 1),
      })),
    };
    this.#backends.set(backend, drawn);
    return drawn;
  }

  #drawLeftOut({ considered, owners }: Built): readonly LeftOut[] {
    const drawn = new Map<string, LeftOut>();
    for (const each of considered) {
      const isServed = each.attempts.every(({ offer, why }) =>
        offer === undefined ? why === undefined : owners.get(offer.own.key)?.backend === offer.own.backend
      );
      if (isServed) continue;
      const left = verdictsOf({ considered: [each], owners }).filter(({ why }) => why !== undefined);
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
    const drawn = { key, severity, code, subject, text: formatNoticeLines(notice).join("\n") };
    this.#notices.set(notice, drawn);
    return drawn;
  }
}

function memoized<K extends object, V>(memory: WeakMap<K, V>, key: K, draw: (key: K) => V): V {
  const before = memory.get(key);
  if (before !== undefined) return before;
  const drawn = draw(key);
  memory.set(key, drawn);
  return drawn;
}

function drawRoute(route: Route): PictureRoute {
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
