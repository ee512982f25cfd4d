import { shortId } from "../values/names.ts";
import type { ContainerView, EngineAddress } from "./snapshot.ts";

/**
 * Finds containers by id, and by name only where no id fits. Docker allows 64 or 12 hexadecimal digits as a name too, so
 * that one container's name may be another's id.
 */
export class ContainerLookup {
  readonly #byId = new Map<string, ContainerView>();
  /** By the engine's address and the name: each engine has names of its own. A name that two containers have finds none. */
  readonly #byName = new Map<string, ContainerView | undefined>();

  constructor(containers: readonly ContainerView[]) {
    for (const container of containers) {
      const name = nameOf(container.name, container.engine);
      this.#byName.set(name, this.#byName.has(name) ? undefined : container);
      this.#byId.set(shortId(container.id), container);
    }
    // A whole id never matches the beginning of another id.
    for (const container of containers) this.#byId.set(container.id, container);
  }

  /**
   * The container of a whole id, of its first 12 characters, or of a name that an engine gave. A text in the form of an id
   * is never a name: where its container is gone, a container of that name does not take its place.
   */
  find(word: string, engine: EngineAddress | undefined): ContainerView | undefined {
    return this.#byId.get(word) ?? (ID.test(word) ? undefined : this.#byName.get(nameOf(word, engine)));
  }
}

/** As Docker writes ids. */
const ID = /^(?:[0-9a-f]{64}|[0-9a-f]{12})$/;

const nameOf = (name: string, engine: EngineAddress | undefined): string =>
  `${engine?.address ?? ""} ${name}`;

/**
 * The containers that a word of a user's names: by id if one fits, else by name or by the beginning of an id, else by the
 * service's name, which Compose puts into its containers' (`PROJECT-SERVICE-NUMBER`, with `_` before version 2).
 */
export function namedBy(word: string, containers: readonly ContainerView[]): ReadonlySet<ContainerView> {
  const isLong = word.length >= SHORT_ID;
  const byId = containers.filter(({ id }) => id === word || (isLong && id.startsWith(word)));
  if (byId.length > 0) return new Set(byId);
  const isBeginning = word.length >= SHORTEST_BEGINNING;
  const found = containers.filter(({ id, name, task }) =>
    name === word || task?.service?.name === word || (isBeginning && id.startsWith(word))
  );
  return new Set(found.length > 0 ? found : containers.filter(({ name }) => isOfService(name, word)));
}

function isOfService(name: string, service: string): boolean {
  const before = name.replace(/[-_]\d+$/, "");
  return before !== name && (before.endsWith(`-${service}`) || before.endsWith(`_${service}`));
}

/** As many characters of an id as Docker's tools show. */
const SHORT_ID = 12;
/** Fewer characters are no id that anybody would type. */
const SHORTEST_BEGINNING = 4;
