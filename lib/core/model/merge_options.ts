import type { Member, RoutingSettings } from "./routing_settings.ts";
import { CONNECT_CHECK } from "../keys/health_check.ts";
import type { BackendShape } from "./model.ts";
import type { PathPrefix } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { RouteData } from "../keys/route_data.ts";

const OPTION_KEYS = [
  "balance_algorithm",
  "check",
  "check_interval",
  "backend_options",
  "ssl_only",
  "context_root_rewrite",
] as const;
type OptionKey = typeof OPTION_KEYS[number];

const DEFAULT_CHECK_INTERVAL_MS = 5_000;

/** The shape of a backend whose containers ask for nothing; the same object for the same algorithm. */
export function defaultShape(balance: string): BackendShape {
  const before = defaultShapes.get(balance);
  if (before !== undefined) return before;
  const shape: BackendShape = {
    balance,
    check: CONNECT_CHECK,
    checkIntervalMs: DEFAULT_CHECK_INTERVAL_MS,
    options: [],
    rules: [],
    isTlsOnly: false,
    stripPath: "" as PathPrefix,
  };
  defaultShapes.set(balance, shape);
  return shape;
}

const defaultShapes = new Map<string, BackendShape>();

/** The shape as one text: two backends of the same text can stand in for each other. */
export function shapeText(shape: BackendShape): string {
  const before = shapeTexts.get(shape);
  if (before !== undefined) return before;
  const text = JSON.stringify(shape);
  shapeTexts.set(shape, text);
  return text;
}

const shapeTexts = new WeakMap<BackendShape, string>();

/**
 * The options of a backend from what its containers said, oldest first: the first that sets an option decides, and
 * the others that want something else get a notice.
 */
export function mergeShape(
  all: readonly Member[],
  path: PathPrefix,
  settings: RoutingSettings,
): { readonly shape: BackendShape; readonly notices: readonly Notice[] } {
  // One that is being started decides nothing before it runs, if another does.
  const running = all.some(isStarting) ? all.filter((member) => !isStarting(member)) : all;
  const members = running.length === 0 ? all : running;
  if (!members.some(({ data }) => OPTION_KEYS.some((key) => data[key] !== undefined))) {
    return { shape: defaultShape(settings.balance), notices: [] };
  }
  const notices: Notice[] = [];
  const decided: { [K in OptionKey]?: { value: NonNullable<RouteData[K]>; by: Member } } = {};
  for (const member of members) {
    for (const key of OPTION_KEYS) decide(key, member, decided as Decided, notices);
  }
  const options = decided.backend_options?.value ?? [];
  for (const option of options) {
    if (option.translation === undefined) continue;
    const message = `backend option ${option.name} is ${option.translation}`;
    notices.push(notice("info", "translated", decided.backend_options?.by, message));
  }
  const isTlsOnly = decided.ssl_only?.value === true;
  if (isTlsOnly && settings.frontend.tls === undefined) {
    const message = "ssl_only has no effect: there is no TLS listener, expected --tls-cert";
    notices.push(notice("warning", "no-tls", decided.ssl_only?.by, message));
  }
  const shape: BackendShape = {
    balance: decided.balance_algorithm?.value ?? settings.balance,
    check: decided.check?.value ?? CONNECT_CHECK,
    checkIntervalMs: decided.check_interval?.value ?? DEFAULT_CHECK_INTERVAL_MS,
    options: [...new Set(options.flatMap((option) => option.written ?? []))],
    rules: [...new Set(options.flatMap((option) => option.rule ?? []))].sort(),
    isTlsOnly: isTlsOnly && settings.frontend.tls !== undefined,
    stripPath: decided.context_root_rewrite?.value === true ? path : "" as PathPrefix,
  };
  return { shape, notices };
}

const isStarting = ({ server }: Member): boolean => server.gate === "created";

type Decided = Partial<Record<OptionKey, { value: unknown; by: Member }>>;

function decide(key: OptionKey, member: Member, decided: Decided, notices: Notice[]): void {
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
  notices.push(notice("warning", "conflict", member, message));
}

function notice(
  severity: Notice["severity"],
  code: string,
  member: Member | undefined,
  message: string,
): Notice {
  return { severity, code, subject: member?.container.name ?? "", message };
}
