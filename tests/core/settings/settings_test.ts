import assert from "node:assert/strict";
import { readSettings } from "../../../lib/core/settings/read_settings.ts";
import { type Setting, SETTINGS } from "../../../lib/core/settings/settings.ts";

const TABLE = Object.entries(SETTINGS) as [keyof typeof SETTINGS, Setting][];

/** A good text for each setting that is not its default, and the value that it stands for. */
const SAMPLES: Record<keyof typeof SETTINGS, readonly [text: string, value: unknown]> = {
  dockerHosts: ["tcp://192.0.2.1:2376", ["tcp://192.0.2.1:2376"]],
  dockerHostsFile: ["/etc/engines", "/etc/engines"],
  dockerTlsVerify: ["1", true],
  dockerCertPath: ["/certs", "/certs"],
  haproxy: ["/opt/haproxy", "/opt/haproxy"],
  haproxyVersion: ["3.2", [3, 2]],
  config: ["/etc/haproxy/haproxy.cfg", "/etc/haproxy/haproxy.cfg"],
  pidFile: ["/run/haproxy.pid", "/run/haproxy.pid"],
  balance: ["leastconn", "leastconn"],
  addBackends: ["true", true],
  stateDir: ["/run/box", "/run/box"],
  external: ["true", true],
  reloadCommand: ["systemctl reload haproxy", "systemctl reload haproxy"],
  bind: ["192.0.2.1", "192.0.2.1"],
  httpPort: ["8080", 8080],
  httpsPort: ["8443", 8443],
  tcpPorts: ["5432, 9000-9099", [{ first: 5432, last: 5432 }, { first: 9000, last: 9099 }]],
  tlsCert: ["/certs/all.pem", "/certs/all.pem"],
  tlsOptions: ["ssl-min-ver TLSv1.3", "ssl-min-ver TLSv1.3"],
  backendAddress: ["10.0.0.1", "10.0.0.1"],
  address: ["published", "published"],
  network: ["web", "web"],
  defaultDomain: ["Example.com", "example.com"],
  labelPrefix: ["edge", "edge."],
  optIn: ["true", true],
  httpsRedirect: ["true", true],
  acmeEmail: ["me@example.com", "me@example.com"],
  acme: ["opt-in", "opt-in"],
  acmeDirectories: ["https://acme.example.com/dir", ["https://acme.example.com/dir"]],
  acmeCa: ["/ca.pem", "/ca.pem"],
  acmeProfile: ["shortlived", "shortlived"],
  acmeEab: ["kid-1:AbC_-9", { kid: "kid-1", key: "AbC_-9" }],
  acmeStorage: ["/var/lib/box", "/var/lib/box"],
  acmeDnsHook: ["/etc/hook --zone 1", "/etc/hook --zone 1"],
  acmeChallenge: ["tls-alpn-01", "tls-alpn-01"],
  acmeUnchecked: ["true", true],
  hstsSeconds: ["600", 600],
  trace: ["true", true],
  maxConnections: ["100", 100],
  maxConnectionsPerClient: ["50", 50],
  trustedProxies: ["10.1.2.3/8, ::1", ["10.0.0.0/8", "0:0:0:0:0:0:0:1/128"]],
  clientIpHeader: ["CF-Connecting-IP", "CF-Connecting-IP"],
  proxyProtocol: ["192.0.2.7", ["192.0.2.7/32"]],
  connectTimeoutMs: ["1", 1],
  clientTimeoutMs: ["2", 2],
  serverTimeoutMs: ["3", 3],
  tunnelTimeoutMs: ["5", 5],
  headerSizeBytes: ["32768", 32_768],
  accessLog: ["all", "all"],
  tlsProfile: ["modern", "modern"],
  http3: ["true", true],
  clientCa: ["/ca/clients", "/ca/clients"],
  backendCa: ["/ca/servers", "/ca/servers"],
  backendCert: ["/certs/own", "/certs/own"],
  hardStopAfterMs: ["4", 4],
  statsUser: ["admin", "admin"],
  statsPassword: ["a b#\"'$", "a b#\"'$"],
  statsPasswordFile: ["/run/secrets/stats", "/run/secrets/stats"],
  syslog: ["192.0.2.9:514", "192.0.2.9:514"],
  errorPages: ["/pages", "/pages"],
  templates: ["/templates", "/templates"],
  settleMs: ["20", 20],
  settleMaxMs: ["200", 200],
  snapshot: ["-", "-"],
  routes: ["/etc/routes.yaml", ["/etc/routes.yaml"]],
  nameServers: ["[fd00::53]:5353", ["[fd00::53]:5353"]],
  peers: ["edge1=[fd00::1]:10000", [{ name: "edge1", address: "fd00::1", port: 10000 }]],
  peerPort: ["10000", 10000],
  peerName: ["edge1", "edge1"],
  peerBind: ["0.0.0.0:10000", { hostname: "0.0.0.0", port: 10000 }],
  peerTls: ["/etc/peers.pem", "/etc/peers.pem"],
  cookieKeyFile: ["/run/secrets/cookie-key", "/run/secrets/cookie-key"],
  admin: ["127.0.0.1:9000", { hostname: "127.0.0.1", port: 9000 }],
  adminPasswordFile: ["/a/file", "/a/file"],
  logFormat: ["json", "json"],
  logLevel: ["debug", "debug"],
};

for (const [name, setting] of TABLE) {
  const [text, value] = SAMPLES[name];
  Deno.test(`${setting.flag ?? setting.env[0]} is read from its flag and from each of its variables`, () => {
    if (setting.flag !== undefined) {
      const { settings, problems } = readSettings({ [setting.flag]: [text] }, {});
      assert.deepEqual([settings[name], problems], [value, []]);
    }
    for (const variable of setting.env) {
      const { settings, problems } = readSettings({}, { [variable]: text });
      assert.deepEqual([settings[name], problems], [value, []], variable);
    }
    assert.notDeepEqual(setting.fallback, value, "the sample proves nothing");
  });
}

Deno.test("a flag beats the environment, a name of ours beats Interlock's, and both beat the default", () => {
  const env = { SIGNALBOX_HTTP_PORT: "81", HAPROXY_PORT: "82" };
  assert.equal(readSettings({ "http-port": ["83"] }, env).settings.httpPort, 83);
  assert.equal(readSettings({}, env).settings.httpPort, 81);
  assert.equal(readSettings({}, { HAPROXY_PORT: "82" }).settings.httpPort, 82);
  assert.equal(readSettings({}, {}).settings.httpPort, 80);
});

Deno.test("every setting of Interlock's works under its old name", () => {
  const old = ["HAPROXY_PROXY_CONFIG_PATH", "HAPROXY_PID_PATH", "HAPROXY_BALANCE_ALGORITHM", "HAPROXY_PORT"]
    .concat("HAPROXY_SSL_PORT", "HAPROXY_SSL_CERT", "HAPROXY_SSL_OPTS", "HAPROXY_MAX_CONN")
    .concat("HAPROXY_PROXY_BACKEND_OVERRIDE_ADDRESS", "HAPROXY_CONNECT_TIMEOUT", "HAPROXY_CLIENT_TIMEOUT")
    .concat("HAPROXY_SERVER_TIMEOUT", "HAPROXY_STATS_USER", "HAPROXY_STATS_PASSWORD");
  const known = TABLE.flatMap(([, setting]) => setting.env);
  assert.deepEqual(old.filter((name) => !known.includes(name)), []);
});

Deno.test("no flag and no variable stands for two settings", () => {
  const flags = TABLE.flatMap(([, setting]) => setting.flag ?? []);
  const variables = TABLE.flatMap(([, setting]) => setting.env);
  assert.equal(new Set(flags).size, flags.length);
  assert.equal(new Set(variables).size, variables.length);
});

Deno.test("an empty variable is one that is not set", () => {
  const { settings, problems } = readSettings({}, {
    SIGNALBOX_HTTP_PORT: "",
    HAPROXY_PORT: "82",
    DOCKER_HOST: "",
  });
  assert.deepEqual([settings.httpPort, problems], [82, []]);
  assert.deepEqual(settings.dockerHosts, ["unix:///var/run/docker.sock"]);
});

Deno.test("several engines come as several flags, or with commas in the variable", () => {
  const both = ["unix:///a.sock", "ssh://me@there"];
  assert.deepEqual(readSettings({ "docker-host": both }, {}).settings.dockerHosts, both);
  assert.deepEqual(readSettings({}, { DOCKER_HOST: both.join(", ") }).settings.dockerHosts, both);
});

Deno.test("the file of engines stands in the place of the usual engine, and beside those that are named", () => {
  const file = { "docker-hosts-file": ["/etc/engines"] };
  assert.deepEqual(readSettings(file, {}).settings.dockerHosts, []);
  const { settings } = readSettings(file, { DOCKER_HOST: "unix:///a.sock" });
  assert.deepEqual(settings.dockerHosts, ["unix:///a.sock"]);
});

Deno.test("a wrong value is named with its place and what would be right", () => {
  assert.deepEqual(readSettings({ "http-port": ["http"] }, { HAPROXY_MAX_CONN: "-1" }).problems, [
    '--http-port is "http", expected a number from 1 to 65535',
    'HAPROXY_MAX_CONN is "-1", expected a whole number from 1 to 1000000',
  ]);
});

Deno.test("a password that is refused is not repeated", () => {
  const { problems } = readSettings({}, { HAPROXY_STATS_PASSWORD: "hunter2\nx" });
  assert.equal(problems.length, 1);
  assert.doesNotMatch(problems[0] ?? "", /hunter2/);
});

Deno.test("no setting takes what could end a line of HAProxy's config, but for texts that never reach it", () => {
  const free = ["reload-command", "network", "templates", "snapshot", "stats-password-file", "acme-dns-hook"];
  for (const [, setting] of TABLE) {
    if (setting.flag === undefined || free.includes(setting.flag)) continue;
    for (const text of ["x\nserver evil 10.0.0.1:80", "a\0b", "a\rb"]) {
      assert.equal(setting.parse(text).ok, false, `--${setting.flag} takes ${JSON.stringify(text)}`);
    }
  }
});

Deno.test("paths, ports, hosts and versions that cannot be are refused", () => {
  const wrong: [string, string][] = [["tls-cert", ""], ["tls-cert", 'a"b'], ["tls-cert", "$HOME/x"], [
    "http-port",
    "0",
  ]];
  wrong.push(["docker-host", "tcp://"], ["docker-host", "unix://relative"], [
    "docker-host",
    "npipe:////./pipe/docker",
  ]);
  wrong.push(["haproxy-version", "2.3"], ["haproxy-version", "two"], ["address", "both"], [
    "bind",
    "localhost",
  ]);
  wrong.push(["default-domain", "a b"], ["syslog", "host port"], ["stats-user", "a:b"], [
    "tls-options",
    "a # b",
  ]);
  wrong.push(["settle", "1.5"], ["balance", "fastest"], ["external", "maybe"], ["log-level", "trace"]);
  for (const [flag, text] of wrong) {
    assert.equal(
      readSettings({ [flag]: [text] }, {}).problems.length,
      1,
      `--${flag} ${JSON.stringify(text)}`,
    );
  }
});

Deno.test("the HTTP and the HTTPS listener need ports of their own, where there are two", () => {
  const both = { "http-port": ["8080"], "https-port": ["8080"] };
  assert.deepEqual(readSettings(both, {}).problems, []);
  const email = { "acme-email": ["me@example.com"] };
  for (const tls of [{ "tls-cert": ["/certs"] }, email]) {
    assert.deepEqual(readSettings({ ...both, ...tls }, {}).problems, [
      "--https-port is 8080, expected another port than --http-port",
    ]);
  }
  assert.deepEqual(readSettings({ ...both, ...email, acme: ["off"] }, {}).problems, []);
});

Deno.test("authorities look at the port of HTTPS only where HAProxy can answer, and where no record proves the host", () => {
  const given = { "acme-email": ["me@example.com"], "acme-challenge": ["tls-alpn-01"] };
  const problemsWith = (more: Readonly<Record<string, readonly string[]>>) =>
    readSettings({ ...given, ...more }, {}).problems.join();
  assert.equal(problemsWith({}), "");
  assert.match(problemsWith({ "acme-dns-hook": ["/hook"] }), /expected no --acme-dns-hook/);
  assert.match(problemsWith({ external: ["true"] }), /expected no --external/);
  assert.equal(problemsWith({ external: ["true"], acme: ["off"] }), "");
});

Deno.test("a password's flag beats the variable of its file, and both flags are one too many", () => {
  const env = { SIGNALBOX_STATS_PASSWORD_FILE: "/nowhere" };
  const { settings, problems } = readSettings({ "stats-password": ["secret"] }, env);
  assert.deepEqual([settings.statsPassword, settings.statsPasswordFile, problems], ["secret", undefined, []]);
  const both = { "stats-password": ["secret"], "stats-password-file": ["/file"] };
  assert.match(readSettings(both, {}).problems.join(), /are both given, expected one of them/);
});

Deno.test("networks of proxies stand between commas", () => {
  const { settings } = readSettings({ "trusted-proxies": ["192.0.2.0/24,::1 , internal"] }, {});
  assert.deepEqual(settings.trustedProxies.slice(0, 3), [
    "192.0.2.0/24",
    "0:0:0:0:0:0:0:1/128",
    "10.0.0.0/8",
  ]);
  for (
    const text of ["", "10.0.0.0/8,", "10.0.0.0/33", "proxy.example", Array(257).fill("10.0.0.1").join(",")]
  ) {
    assert.equal(readSettings({ "proxy-protocol": [text] }, {}).problems.length, 1, text);
  }
});
