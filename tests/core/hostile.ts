/** Containers as an enemy would start them, by a seed: the same seed makes the same ones. */
import { KEY_NAMES, type KeyName, keyNamed } from "../../lib/core/keys/route_keys.ts";
import { seeded } from "../harness/seeded.ts";
import { KEY_ROWS } from "./key_rows.ts";

/** Pieces of text that mean something to HAProxy, to JSON, to a template, to a shell or to a terminal. */
const NASTY: readonly string[] = [
  "\n",
  "\r\n",
  "\r",
  "\0",
  "\u0085",
  "\u2028",
  "\x1b[2J",
  "\x7f",
  '"',
  "'",
  "\\",
  "\\n",
  " ",
  "\t",
  "#",
  "$",
  "${HOME}",
  "$(id)",
  "`id`",
  "%[env(PATH)]",
  "%[src]",
  "%",
  "{",
  "}",
  "[",
  "]",
  ";",
  "|",
  ",",
  "|,auth,|",
  "[|]",
  "^.*$",
  "<%= it %>",
  "%>",
  "../../etc/passwd",
  "-f /etc/passwd",
  "*",
  "*.",
  ".",
  "..",
  "/",
  "//",
  ":",
  "@",
  "unix@/var/run/docker.sock",
  "é",
  "пример",
  "\u202e",
  "\ud800",
  "💥",
  "__proto__",
  "constructor",
  "\n    server evil 10.0.0.1:80\n",
  "\nbackend evil\n",
  "\nglobal\n    insecure-fork-wanted\n",
  "\n.if 1\n",
  " weight 256 cookie x",
  "if TRUE",
  "_unknown_host",
  "_spare_1",
  "good.example",
  "x".repeat(300),
  "a.".repeat(200),
];

const PLAIN: readonly string[] = ["app", "www.example.com", "a-b.c", "shop", "x1", "10.1.2.3", "/app", "80"];

/** Values that a key takes, so that what is hostile meets what is right, and some that it nearly takes. */
const TRIED: Readonly<Record<string, readonly unknown[]>> = Object.fromEntries(
  Object.entries(KEY_ROWS).map(([name, { sample, right, wrong }]) => [name, [sample[0], ...right, ...wrong]]),
);
const KEYS: readonly string[] = [...KEY_NAMES, "unknown_key", "__proto__", "contextRoot"];

/** What costs the route where it is wrong. */
const isCostly = (name: KeyName): boolean => keyNamed(name).costs === "route";
const COSTLY: ReadonlySet<string> = new Set([...KEY_NAMES.filter(isCostly), "contextRoot"]);

/** Labels of the container's own route, and of those that have a name. */
const labelOf = (name: KeyName): string =>
  keyNamed(name).label + (keyNamed(name).kind === "string[]" ? ".1" : "");
const CHEAP_LABELS = KEY_NAMES.filter((name) => !isCostly(name)).map(labelOf);
const COSTLY_LABELS = [
  ...KEY_NAMES.filter(isCostly).map(labelOf),
  "api.enable",
  "path",
  "api.context-root",
  "api.hostname",
];

/** How many keys of either kind an enemy says, on average: few enough that some routes are left. */
const OFTEN = { costly: 0.8, cheap: 4 };
const share = (of: readonly string[], isCounted: (name: string) => boolean, count: number): number =>
  count / Math.max(1, of.filter(isCounted).length);
const COSTLY_SHARE = share(KEYS, (name) => COSTLY.has(name), OFTEN.costly);
const CHEAP_SHARE = share(KEYS, (name) => !COSTLY.has(name), OFTEN.cheap);
const COSTLY_LABEL_SHARE = OFTEN.costly / 2 / COSTLY_LABELS.length;
const CHEAP_LABEL_SHARE = OFTEN.cheap / 3 / CHEAP_LABELS.length;

class Enemy {
  constructor(readonly random: () => number) {}

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T;
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  text(): string {
    const parts = Array.from(
      { length: 1 + Math.floor(this.random() * 4) },
      () => this.pick(this.chance(0.5) ? NASTY : PLAIN),
    );
    const text = parts.join("");
    // The good container's own name would rightly make this one a part of its backend.
    return text.toLowerCase().includes("good.example") ? `x${text}.bad` : text;
  }

  value(key: string): unknown {
    const kind = this.random();
    // A wrong one of these costs the route, and an enemy without a route tries nothing else.
    const share = COSTLY.has(key) ? 0.8 : 0.35;
    if (kind < share && TRIED[key] !== undefined) return this.pick(TRIED[key]);
    if (kind < 0.75) return this.text();
    if (kind < 0.85) return [this.text(), this.text(), this.pick([1, null, {}, []])];
    return this.pick<unknown>([null, true, 1e308, -0, [], {}, { a: this.text() }, [[[[[]]]]]]);
  }

  data(): string {
    const keys = KEYS.filter((key) => this.chance(COSTLY.has(key) ? COSTLY_SHARE : CHEAP_SHARE));
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(this.value(key))}`);
    // A key that comes twice, which JSON.stringify would not write.
    if (this.chance(0.1)) {
      pairs.push(`"hostname":${JSON.stringify(this.text())}`, `"hostname":"twice.example"`);
    }
    const object = `{${pairs.join(",")}}`;
    return this.pick([object, object, object, object, `[${object},${this.#rest()}]`, object.slice(0, -1)]);
  }

  #rest(): string {
    return this.pick(["{}", "[]", "null", '{"port":81}', '{"hostname":"second.example"}', "1"]);
  }

  labels(): Record<string, string> {
    const labels = CHEAP_LABELS.filter(() => this.chance(CHEAP_LABEL_SHARE))
      .concat(COSTLY_LABELS.filter(() => this.chance(COSTLY_LABEL_SHARE)))
      .map((name) => [`interlock.${name}`, this.text()]);
    if (this.chance(0.1)) labels.push(["interlock.enable", this.pick(["", "false", "on", "0"])]);
    if (this.chance(0.2)) labels.push([`interlock.${this.text()}.hostname`, this.text()]);
    if (this.chance(0.2)) labels.push([this.text(), this.text()]);
    return Object.fromEntries(labels);
  }
}

/** A container as `docker inspect` prints it, at an address of its own. */
export function inspectedAs(number: number, given: Record<string, unknown>, networkName = "bridge"): unknown {
  const address = `172.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
  return {
    Id: number.toString(16).padStart(12, "0").padEnd(64, "a"),
    Name: `/c${number}`,
    Created: new Date(1_700_000_000_000 + number * 1_000).toISOString(),
    State: { Status: "running", StartedAt: "2024-05-01T10:00:01Z" },
    Config: { Hostname: "", Env: [], Labels: {}, ExposedPorts: { "80/tcp": {} }, ...given },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Ports: {}, Networks: { [networkName]: { IPAddress: address } } },
  };
}

/** The container whose route nobody may touch; it is the oldest. */
export const GOOD = inspectedAs(0, {
  Hostname: "good.example",
  Env: [
    'INTERLOCK_DATA={"alias_domains":["also.good.example"],"check":"httpchk GET /","balance_algorithm":"leastconn"}',
  ],
});

/** Hostile containers; none of them says that it is the good one. */
export function hostileContainers(seed: number, count: number): unknown[] {
  const enemy = new Enemy(seeded(seed));
  return Array.from({ length: count }, (_, at) => {
    const container = inspectedAs(at + 1, {
      Hostname: enemy.chance(0.7) ? `h${at}.example` : enemy.text(),
      Domainname: enemy.chance(0.2) ? enemy.text() : "",
      Env: ["PATH=/bin", `INTERLOCK_DATA=${enemy.data()}`],
      Labels: enemy.chance(0.5) ? enemy.labels() : {},
      ExposedPorts: enemy.chance(0.1) ? { [enemy.text()]: {}, "99999/tcp": {} } : { "80/tcp": {} },
      StopSignal: enemy.chance(0.1) ? enemy.text() : "",
    }, enemy.chance(0.1) ? enemy.text() : "bridge") as { Name: string };
    if (enemy.chance(0.3)) container.Name = enemy.text();
    return container;
  });
}
