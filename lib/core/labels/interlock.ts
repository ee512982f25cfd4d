import type { Fault } from "../keys/route_data.ts";
import { readBoolean } from "../keys/key_kind.ts";
import { type KeyName, protectsRoute } from "../keys/route_keys.ts";
import type { Complaints } from "../values/complaints.ts";
import { placeOf, type Reading, type SaidRoute, type Words } from "./said.ts";
import { isOfInterlock2, sortInterlock2 } from "./interlock2.ts";
import { mayClose, sortData } from "./said_data.ts";
import { NO_LABELS, type SaidLabels, sortLabels } from "./said_labels.ts";
import { findStrayGuard } from "./stray_names.ts";
import { Comparisons } from "./unknown_words.ts";

/** What a container says in Interlock's way: in INTERLOCK_DATA, and in labels that begin with `interlock.` or `com.docker.lb.`. */
export function readInterlock(words: Words, complaints: Complaints): Reading {
  const { data, names } = words;
  const comparisons = new Comparisons();
  const ours = names.length === 0 ? NO_LABELS : sortBoth(words, complaints, comparisons);
  const entries = data === undefined ? [] : sortData(data, complaints, comparisons);
  const whole = wholeSwitch(entries, ours);
  const routes = saidRoutes(entries, ours);
  return {
    routes,
    off: whole?.isOn === false ? `${whole.place} is false` : undefined,
    fault: whole !== undefined && whole.isOn === undefined
      ? `${whole.place} cannot be used`
      : closingOf(data, entries, ours) ?? findStrayGuard(routes, words.prefix, complaints),
  };
}

/** Labels of both Interlocks: those that begin with `interlock.` beat those of Interlock 2. */
function sortBoth(words: Words, complaints: Complaints, comparisons: Comparisons): SaidLabels {
  const { labels, names } = words;
  const second = names.filter(isOfInterlock2);
  if (second.length === 0) return sortLabels(words, complaints, comparisons);
  const first = names.filter((name) => !isOfInterlock2(name));
  const { own, named } = sortLabels({ ...words, names: first }, complaints, comparisons);
  const { keys, fault, slip } = sortInterlock2(labels, second, complaints, comparisons);
  const all = new Map([...keys, ...own.keys]);
  return { own: { ...own, keys: all, ...own.fault === undefined && { fault, slip } }, named };
}

const isProtecting = (slip: KeyName | undefined): boolean => slip !== undefined && protectsRoute(slip);

/** Labels beat the data: those of the container's own route beat each of its objects. */
function saidRoutes(
  entries: readonly SaidRoute[] | undefined,
  { own, named }: SaidLabels,
): readonly SaidRoute[] {
  if (entries === undefined) return named;
  if (entries.length === 0) return [own, ...named];
  const isSilent = own.keys.size === 0 && own.fault === undefined;
  const merged = isSilent ? entries : entries.map(({ source, keys, fault, slip }) => ({
    source,
    keys: new Map([...keys, ...own.keys]),
    fault: fault ?? own.fault,
    // Of two mistakes the one counts that may be meant to protect.
    slip: fault === undefined
      ? own.slip
      : own.fault === undefined
      ? slip
      : [slip, own.slip].find(isProtecting),
  }));
  return [...merged, ...named];
}

/** Why it is unclear whether the container is to be left out: a slip never opens what was to be closed. */
function closingOf(
  data: string | undefined,
  entries: readonly SaidRoute[] | undefined,
  { own }: SaidLabels,
): Fault {
  // A label beats the data.
  if (own.closing !== undefined || own.keys.has("enable")) return own.closing;
  if (entries?.length === 1) return entries[0]?.closing;
  const isUnread = entries === undefined && data !== undefined && mayClose(data);
  return isUnread ? "its INTERLOCK_DATA cannot be read, and may say that it is to be left out" : undefined;
}

/** What says whether the container is served at all: a label of its own, or data that is one object. */
function wholeSwitch(
  entries: readonly SaidRoute[] | undefined,
  { own }: SaidLabels,
): { readonly isOn: boolean | undefined; readonly place: string } | undefined {
  const [first, ...others] = entries ?? [];
  const source = first !== undefined && others.length === 0 ? first : own;
  const said = own.keys.get("enable") ?? source.keys.get("enable");
  return said && { isOn: readBoolean(said.value), place: placeOf("enable", said, source.source) };
}
