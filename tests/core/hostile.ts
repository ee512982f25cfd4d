/** Containers as an enemy would start them, by a seed: the same seed makes the same ones. */
import { seeded } from "../harness/seeded.ts";

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

/** Values that a key takes, so that what is hostile meets what is right. */
const RIGHT: Readonly<Record<string, readonly unknown[]>> = {
  enable: [true, false, "on", "OFF", 1, 0, "maybe", 2],
  port: [80, 8080, 0, 65536, -1, 1e9, 80.5],
  check: [
    "httpchk GET /",
    "httpchk GET / HTTP/1.1\\r\\nHost:\\ a.b",
    "tcp-check",
    "redis-check",
    "httpchk /%s",
  ],
  check_interval: [100, 5000, 0, -5, 1e12],
  backend_options: [
    ["forwardfor except 10.0.0.0/8 header X-A if-none", "redispatch 3"],
    ["forceclose", "http-server-close", "transparent"],
  ],
  balance_algorithm: ["leastconn", "hdr(X)", "url_param a", "random(2)", "static-rr", "rdp-cookie"],
  ssl_backend: [true],
  ssl_backend_tls_verify: ["required", "none"],
  context_root: ["/app", "/a%20b", "/%[src]", "/a b"],
  context_root_rewrite: [true],
  ssl_only: [true],
  warm: [true],
  weight: [1, 256, 0, 257, 2.5, "7"],
  network: ["bridge"],
  alias_domains: [["good.example", "*.good.example", "alias.example"]],
};
const KEYS: readonly string[] = [
  ...Object.keys(RIGHT),
  "hostname",
  "domain",
  "unknown_key",
  "__proto__",
  "contextRoot",
];

/** What costs the route where it is wrong. */
const COSTLY: readonly string[] = [
  "enable",
  "ssl_only",
  "ssl_backend",
  "ssl_backend_tls_verify",
  "context_root",
  "contextRoot",
  "domain",
  "port",
];

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
    const share = COSTLY.includes(key) ? 0.8 : 0.35;
    if (kind < share && RIGHT[key] !== undefined) return this.pick(RIGHT[key]);
    if (kind < 0.75) return this.text();
    if (kind < 0.85) return [this.text(), this.text(), this.pick([1, null, {}, []])];
    return this.pick<unknown>([null, true, 1e308, -0, [], {}, { a: this.text() }, [[[[[]]]]]]);
  }

  data(): string {
    const keys = KEYS.filter((key) => this.chance(COSTLY.includes(key) ? 0.1 : 0.3));
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
    const names = ["health_check", "backend_option.1", "alias_domain", "balance_algorithm", "network"];
    const costly = ["hostname", "domain", "port", "context_root", "ssl_only", "enable", "api.enable", "path"]
      .concat("api.context-root", "api.hostname");
    const labels = names.filter(() => this.chance(0.15)).concat(costly.filter(() => this.chance(0.05)))
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
