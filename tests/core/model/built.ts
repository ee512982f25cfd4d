import { buildModel } from "../../../lib/core/model/build_model.ts";
import { container, SETTINGS } from "../containers.ts";

/** What a container says in INTERLOCK_DATA. */
export type Said = Readonly<Record<string, unknown>>;

/** The model of containers that say these things, the oldest first. */
export function build(said: Readonly<Record<string, Said>>) {
  const containers = Object.entries(said).map(([name, data], at) =>
    container(name, { createdAt: at, interlockData: JSON.stringify(data) })
  );
  return buildModel({ containers, stopping: new Set(), starting: new Set() }, SETTINGS);
}

/** The containers whose variants stand in the row of a place, and how it ends. */
export function rowOf(place: string, { model }: ReturnType<typeof build>): string[] {
  const [, row = ""] = [...model.variants.rows].find(([key]) => key.endsWith(`|${place}`)) ?? [];
  const byKey = new Map(model.routes.map(({ key, by }) => [`${key}`, by]));
  return row.split("\u241f").map((each) => byKey.get(each.split("\u241e")[0] ?? "") ?? each);
}

/** The warnings of a container. */
export const toldOf = (name: string, { notices }: ReturnType<typeof build>): string =>
  notices.filter(({ subject, severity }) => subject === name && severity === "warning")
    .map(({ message }) => message).join("\n");

/** A variant of a host that nothing else names. */
export const V = { hostname: "x-preview.a.test", methods: ["POST"] };
