import { fallbacksOf, keysOf } from "../keys/options.ts";
import type { PathPrefix } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import { type BackendKey, type BackendOptions, type Given, MERGE_RULES, type Tell } from "./merge_rules.ts";
import type { BackendShape } from "./model.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";

const BACKEND_KEYS = keysOf("backend");
const FALLBACKS: Readonly<Record<BackendKey, unknown>> = fallbacksOf("backend");
const RULES: { readonly [K in BackendKey]?: (said: never, given: Given, tell: Tell) => unknown } =
  MERGE_RULES;

/** The shape of a backend whose containers ask for nothing. */
export function plainShape(balance: string): BackendShape {
  return optionsFrom({}, { balance, path: "" as PathPrefix, hasTls: true }, () => {});
}

/**
 * The options of a backend from what its containers said, oldest first: the first that sets an option decides, and
 * the others that want something else get a notice.
 */
export function mergeShape(
  all: readonly Member[],
  path: PathPrefix,
  { balance, frontend }: RoutingSettings,
  /** What it is where nobody says anything: one object for all. */
  plain: BackendShape,
): { readonly shape: BackendShape; readonly notices: readonly Notice[] } {
  // One that is being started decides nothing before it runs, if another does.
  const running = all.some(isStarting) ? all.filter((member) => !isStarting(member)) : all;
  const members = running.length === 0 ? all : running;
  if (!members.some(saysAnything)) return { shape: plain, notices: NONE };
  const notices: Notice[] = [];
  const decided: Decided = {};
  for (const member of members) {
    for (const key of BACKEND_KEYS) decide(key, member, decided, notices);
  }
  const given = { balance, path, hasTls: frontend.tls !== undefined };
  const shape = optionsFrom(decided, given, (key, complaint) => {
    notices.push({ ...complaint, subject: decided[key]?.by.container.name ?? "" });
  });
  return { shape, notices };
}

const NONE: readonly Notice[] = [];

const isStarting = ({ server }: Member): boolean => server.gate === "created";

/** Most say nothing at all, and of the others many nothing of the backend. */
const saysAnything = ({ data }: Member): boolean =>
  data.isExplicit && BACKEND_KEYS.some((key) => data[key] !== undefined);

/** What was said of each key, by the container that decides. */
type Decided = { [K in BackendKey]?: { readonly value: unknown; readonly by: Member } };

function decide(key: BackendKey, member: Member, decided: Decided, notices: Notice[]): void {
  const value = member.data[key];
  if (value === undefined) return;
  const before = decided[key];
  if (before === undefined) {
    decided[key] = { value, by: member };
    return;
  }
  if (before.value === value || JSON.stringify(before.value) === JSON.stringify(value)) return;
  const older = quote(before.by.container.name);
  const message =
    `${key} differs from that of the older container ${older} of the same host, which decides; it is left out`;
  notices.push({ severity: "warning", code: "conflict", subject: member.container.name, message });
}

/** `tell` is for whoever decided a key. */
function optionsFrom(decided: Decided, given: Given, tell: Tell): BackendOptions {
  const options: Record<BackendKey, unknown> = { ...FALLBACKS };
  for (const key of BACKEND_KEYS) {
    const said = decided[key];
    const rule = RULES[key];
    if (rule !== undefined) options[key] = rule(said?.value as never, given, tell);
    else if (said !== undefined) options[key] = said.value;
  }
  return options as BackendOptions;
}
