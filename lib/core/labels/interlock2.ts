import { KINDS, readBoolean } from "../keys/key_kind.ts";
import { nearKey } from "../keys/near_key.ts";
import { type KeyName, keyNamed } from "../keys/route_keys.ts";
import type { Complaints } from "../values/complaints.ts";
import { nearestWord } from "../values/nearest_word.ts";
import { quote } from "../values/notice.ts";
import { labelText, partsOf, PREFIX as OUR_PREFIX } from "./label_parts.ts";
import { restsBehindNearPrefix } from "./near_prefix.ts";
import type { Said, SaidRoute } from "./said.ts";
import { type Comparisons, type Near, UnknownWords } from "./unknown_words.ts";

/** What the labels of Interlock 2 begin with. */
const PREFIX = "com.docker.lb.";

const LAST = PREFIX.length - 1;
const DOT = PREFIX.charCodeAt(LAST);

/** Whether a label is one of Interlock 2's, in any case, or has a prefix that is nearly theirs and a key that narrows. */
export const isOfInterlock2 = (label: string): boolean =>
  hasPrefix(label) || keyBehindSlip(label) !== undefined;

const hasPrefix = (label: string): boolean =>
  label.charCodeAt(LAST) === DOT && label.slice(0, PREFIX.length).toLowerCase() === PREFIX;

/** What becomes of one label: a key with a value as labels of ours have it, or the reason why it is not needed. */
type Row = { readonly key: KeyName; readonly read: (text: string) => unknown } | {
  readonly needless: string;
};

const asOurs = (key: KeyName): Row => ({ key, read: (text) => KINDS[keyNamed(key).kind].fromLabel(text) });
const asList = (key: KeyName, separator: string, read = (part: string) => part): Row => ({
  key,
  read: (text) => text.split(separator).map((part) => part.trim()).filter((part) => part !== "").map(read),
});

/** What becomes of each (its service labels, as its manual lists them). */
const ROWS: Readonly<Record<string, Row>> = {
  hosts: asList("hosts", ","),
  port: asOurs("port"),
  network: asOurs("network"),
  context_root: asList("context_root", ","),
  context_root_rewrite: asOurs("context_root_rewrite"),
  ssl_only: asOurs("ssl_only"),
  ssl_backend: asOurs("ssl_backend"),
  ssl_passthrough: asOurs("ssl_passthrough"),
  ssl_backend_tls_verify: asOurs("ssl_backend_tls_verify"),
  sticky_session_cookie: asOurs("sticky_session_cookie"),
  redirects: asList("redirects", ";", redirectOf),
  ip_hash: { key: "balance_algorithm", read: (text) => readIpHash(text) },
  ssl_cert: asOurs("ssl_cert"),
  ssl_key: { needless: "HAProxy finds the key beside its certificate, in the folder of --tls-cert" },
  websocket_endpoints: { needless: "HAProxy lets WebSockets through on every path" },
  backend_mode: { needless: "signalbox sends requests to each container itself" },
  service_cluster: { needless: "each signalbox serves what its engines run" },
};

/** The labels of Interlock 2, without their prefix. */
export const INTERLOCK_2_LABELS = Object.keys(ROWS);

/** `http://old.example.com,http://www.example.com`, in the words of our key. */
function redirectOf(pair: string): string {
  return pair.split(",").map((part) => part.trim()).map((part, at) =>
    at === 0 ? part.replace(/^https?:\/\//i, "").replace(/\/$/, "") : part
  ).join(" ");
}

/** A value that is no boolean is no algorithm either, and told as such. */
function readIpHash(text: string): unknown {
  const isOn = readBoolean(text.trim() === "" ? true : text);
  return isOn === undefined ? text : isOn ? "source" : null;
}

/** What Interlock 2's labels say of the container's own route. */
export function sortInterlock2(
  labels: Readonly<Record<string, string>>,
  names: readonly string[],
  complaints: Complaints,
  comparisons: Comparisons,
): Pick<SaidRoute, "keys" | "fault" | "slip"> {
  const keys = new Map<KeyName, Said>();
  const unknown = new UnknownWords(comparisons);
  for (const label of [...names].sort()) {
    const text = labels[label] ?? "";
    const name = label.startsWith(PREFIX) ? label.slice(PREFIX.length) : "";
    const row = Object.hasOwn(ROWS, name) ? ROWS[name] : undefined;
    if (row === undefined) {
      unknown.add(label, () => nearLabels(label));
    } else if ("needless" in row) {
      complaints.tell("not-needed", () => `label ${quote(label)} is not needed: ${row.needless}`);
    } else {
      const value = row.read(text);
      if (value !== null) keys.set(row.key, { value, label });
      if (name === "redirects") redirectToTls(keys, label);
    }
  }
  unknown.tell(complaints, "label", () => "");
  withoutMoved(keys);
  return { keys, fault: unknown.faultOf(""), slip: unknown.slips(() => true).get("") };
}

/** What one of a label's words was probably meant as: a word of Interlock 2, or one of ours. */
function nearLabels(label: string): Near[] {
  const slip = hasPrefix(label) ? undefined : keyBehindSlip(label);
  if (slip !== undefined) return [{ key: slip.key, meant: PREFIX + slip.name, route: "" }];
  const rest = label.slice(PREFIX.length);
  const near = nearestWord(rest, INTERLOCK_2_LABELS);
  const meant = near === undefined ? undefined : ROWS[near];
  const ours = rest.split(".").flatMap((word) => {
    const key = nearKey(word);
    return key === undefined ? [] : [{ key, meant: labelText({ route: "", key }, OUR_PREFIX), route: "" }];
  });
  return meant === undefined || "needless" in meant
    ? ours
    : [{ key: meant.key, meant: PREFIX + near, route: "" }, ...ours];
}

/** The key that narrows or protects behind a prefix that is nearly that of Interlock 2: `com.docker.lbs.ssl_only`. */
function keyBehindSlip(label: string): { readonly key: KeyName; readonly name: string } | undefined {
  if (OF_OTHERS.test(label)) return undefined;
  for (const rest of restsBehindNearPrefix(label, PREFIX)) {
    const key = partsOf(rest)?.key;
    if (key !== undefined && keyNamed(key).isGuard === true) return { key, name: rest };
  }
  return undefined;
}

/** Labels of Docker's other tools, which most containers have: they are no slips. */
const OF_OTHERS = /^com[.]docker[.](?:compose|swarm|stack|service)[.]/;

/** `http://www.example.com,https://www.example.com` is what ssl_only says; a host is not redirected to itself. */
function redirectToTls(keys: Map<KeyName, Said>, label: string): void {
  const pairs = keys.get("redirects")?.value as readonly string[];
  const others = pairs.filter((pair) => !TO_TLS.test(pair));
  if (others.length === pairs.length) return;
  keys.set("redirects", { value: others, label });
  if (!keys.has("ssl_only")) keys.set("ssl_only", { value: true, label });
}

const TO_TLS = /^([^/ ]+) https:\/\/\1\/?$/i;

/** Interlock 2 wants hosts that are redirected among the hosts too; who serves a host does not redirect it here. */
function withoutMoved(keys: Map<KeyName, Said>): void {
  const hosts = keys.get("hosts");
  const redirects = keys.get("redirects");
  if (hosts === undefined || redirects === undefined) return;
  const moved = new Set(
    (redirects.value as readonly string[]).map((each) => each.split(" ")[0]?.toLowerCase()),
  );
  const [first, ...others] = hosts.value as readonly string[];
  const left = others.filter((host) => !moved.has(host.toLowerCase()));
  keys.set("hosts", { ...hosts, value: [...first === undefined ? [] : [first], ...left] });
}
