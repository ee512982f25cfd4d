import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  backendName,
  currentName,
  LONGEST_NAME,
  serverName,
} from "../../../lib/core/values/section_names.ts";
import { sha256 } from "../../../lib/core/values/sha256.ts";
import {
  type BackendName,
  type ContainerId,
  type DnsName,
  formatEndpoint,
  type HostName,
  isDnsName,
  parseContainerId,
  parseDnsName,
  parseHost,
  parseIp,
  parsePathPrefix,
  parsePort,
  parsePortText,
  type PathPrefix,
  type Port,
  routeKey,
  type ServerName,
} from "../../../lib/core/values/names.ts";
import { parseHealthCheck, withHost } from "../../../lib/core/keys/health_check.ts";
import { ip, port } from "../containers.ts";

const valueOf = <T>(result: { ok: true; value: T } | { ok: false }) => result.ok ? result.value : undefined;

Deno.test("a host loses its case, its port and its trailing dot", () => {
  for (const text of ["www.example.com", "WWW.Example.COM", "www.example.com:8080", "www.example.com."]) {
    assert.equal(valueOf(parseHost(text)), "www.example.com", text);
  }
});

Deno.test("a host may be a wildcard, one label, digits, an international name", () => {
  assert.equal(valueOf(parseHost("*.Example.com")), "*.example.com");
  assert.equal(valueOf(parseHost("localhost")), "localhost");
  assert.equal(valueOf(parseHost("192.0.2.1")), "192.0.2.1");
  assert.equal(valueOf(parseHost("bücher.example")), "xn--bcher-kva.example");
  assert.equal(valueOf(parseHost("*.bücher.example")), "*.xn--bcher-kva.example");
});

Deno.test("a server's name is a host that name servers know, and no address", () => {
  assert.equal(valueOf(parseDnsName("NAS.lan.")), "nas.lan");
  assert.equal(valueOf(parseDnsName("nas")), "nas");
  assert.equal(valueOf(parseDnsName("bücher.example")), "xn--bcher-kva.example");
  for (
    const text of [
      "10.0.0.300",
      "10",
      "a.1",
      "*.lan",
      "_http._tcp.lan",
      "nas.lan:80",
      "nas lan",
      "localhost",
      "x.localhost",
      "",
    ]
  ) {
    assert.equal(valueOf(parseDnsName(text)), undefined, text);
  }
  for (const text of ["10.0.0.3", "fd00::5", "::ffff:10.0.0.3"]) {
    assert.equal(isDnsName(ip(text)), false, text);
  }
  assert.equal(isDnsName("nas" as DnsName), true);
});

Deno.test("what could end a word or a line of HAProxy's config is no host", () => {
  const wrong = ["", ".", "*", "*.", "a b", "a\nb", "a#b", 'a"b', "a'b", "a\\b", "a$b", "a%b", "a/b", "a\0b"];
  for (
    const text of [
      ...wrong,
      "-a",
      "a-",
      "_a",
      "a..b",
      "a.*.b",
      "[::1]",
      "a\u2028b",
      "ａ／b",
      "a:b",
      "💥 .com",
    ]
  ) {
    assert.equal(parseHost(text).ok, false, JSON.stringify(text));
  }
});

Deno.test("a host is as long as DNS allows and no longer", () => {
  const label = "a".repeat(63);
  assert.equal(parseHost(`${label}.com`).ok, true);
  assert.equal(parseHost(`a${label}.com`).ok, false);
  assert.equal(parseHost(`${`${label}.`.repeat(3)}${"b".repeat(61)}`).ok, true);
  assert.equal(parseHost(`${`${label}.`.repeat(3)}${"b".repeat(62)}`).ok, false);
  assert.equal(parseHost("a.".repeat(10_000_000)).ok, false);
});

Deno.test("a path keeps its case and loses its last slash", () => {
  assert.equal(valueOf(parsePathPrefix("/App/v1/")), "/App/v1");
  assert.equal(valueOf(parsePathPrefix("/")), "");
  for (
    const text of [
      "",
      "app",
      "//",
      "/a//b",
      "/a b",
      "/..",
      "/a/../b",
      "/%2e%2E",
      "/a/.%2e/b",
      "/./a",
      "/a#",
      "/a\nb",
      "/a\\",
      '/"',
      "/$x",
    ]
  ) {
    assert.equal(parsePathPrefix(text).ok, false, JSON.stringify(text));
  }
});

Deno.test("a port is a whole number from 1 to 65535, and in digits where it is text", () => {
  for (const good of [1, 80, 65535]) assert.equal(valueOf(parsePort(good)), good);
  for (const wrong of [0, 65536, -1, 80.5, NaN, "80", null, undefined, [80], 1e10]) {
    assert.equal(parsePort(wrong).ok, false, String(wrong));
  }
  assert.equal(valueOf(parsePortText("08080")), 8080);
  for (const wrong of ["", "80 ", "0x50", "8e1", "-80", "123456"]) {
    assert.equal(parsePortText(wrong).ok, false, wrong);
  }
});

Deno.test("an address is one of IPv4 or IPv6, without a zone", () => {
  assert.equal(valueOf(parseIp("10.0.0.1")), "10.0.0.1");
  assert.equal(valueOf(parseIp("[2001:DB8::0001]")), "2001:db8::1");
  for (
    const wrong of [
      "",
      "10.0.0",
      "10.0.0.256",
      "010.0.0.1",
      "localhost",
      "fe80::1%eth0",
      "::1\n",
      "1:2",
      "10.0.0.1/8",
    ]
  ) {
    assert.equal(parseIp(wrong).ok, false, JSON.stringify(wrong));
  }
});

Deno.test("an IPv6 address stands in brackets before a port", () => {
  assert.equal(formatEndpoint(ip("::1"), port(80)), "[::1]:80");
  assert.equal(formatEndpoint(ip("10.0.0.1"), port(80)), "10.0.0.1:80");
});

Deno.test("a container's id is a word that HAProxy takes in a name", () => {
  assert.equal(parseContainerId("0123456789abcdef").ok, true);
  for (const wrong of ["", "a b", "a/b", "a\n", "a".repeat(65)]) {
    assert.equal(parseContainerId(wrong).ok, false, wrong);
  }
});

Deno.test("no two pairs of host and path share a backend's name or a key", () => {
  const hosts = ["a.b", "*.a.b", "a.b.c", "a", "a-b", "a_b", "xn--a"] as HostName[];
  const paths = [
    "",
    "/a",
    "/a/b",
    "/a:b",
    "/a::b",
    "/a.b",
    "/a%2Fb",
    "/A",
    "/a/3a",
    "/a:3a",
    "/a=b",
    "/~a",
    "/a~",
  ];
  const names = new Set<string>();
  const keys = new Set<string>();
  for (const host of hosts) {
    for (const path of paths as PathPrefix[]) {
      const name = backendName(host, path);
      assert.match(name, /^[A-Za-z0-9_.:-]+$/);
      assert.doesNotMatch(name, /^_(?!\.)/, "names of our own sections begin with _");
      names.add(name);
      keys.add(routeKey(host, path));
    }
  }
  assert.equal(names.size, hosts.length * paths.length);
  assert.equal(keys.size, hosts.length * paths.length);
});

/** The longest host there is, and a path whose every letter is spelt out. */
const LONG_HOST = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}` as HostName;
const LONG_PATH = `/${"%".repeat(199)}` as PathPrefix;

Deno.test("a name of a backend that is longer than its bound carries a hash, and no two share one", () => {
  const paths = [LONG_PATH, LONG_PATH.slice(0, -1), `${LONG_PATH.slice(0, -1)}~`, "/a", ""] as PathPrefix[];
  const hosts = [LONG_HOST, `${LONG_HOST.slice(0, -1)}e`, `*.${LONG_HOST.slice(2)}`] as HostName[];
  const names = new Set(hosts.flatMap((host) => paths.map((path) => backendName(host, path))));
  assert.equal(names.size, hosts.length * paths.length);
  for (const name of names) {
    assert.ok(name.length <= LONGEST_NAME, name);
    assert.match(name, /^(?:_\.)?a[a-z.]+::hash:[0-9a-f]{32}$/);
  }
  // An ordinary name is what it was, to the last letter within the bound.
  const host = LONG_HOST.slice(0, LONGEST_NAME) as HostName;
  assert.equal(backendName(host, "" as PathPrefix), host);
  assert.equal(backendName("app.local" as HostName, "/a%b" as PathPrefix), "app.local:a::25b");
  // Nor can a path be written that gives the name of another's hash.
  const hashed = backendName(LONG_HOST, "" as PathPrefix);
  const forged = `/${hashed.slice(hashed.indexOf("::hash:")).replaceAll(":", "/")}`.replace(/\/+/g, "/");
  assert.notEqual(backendName(LONG_HOST.slice(0, 160) as HostName, forged as PathPrefix), hashed);
});

Deno.test("a server of an earlier signalbox, with its backend's whole name, is known by its name of today", () => {
  const id = "0123456789abcdef" as ContainerId;
  const today = serverName(backendName(LONG_HOST, "" as PathPrefix), id, 8080 as Port);
  assert.equal(currentName(`${LONG_HOST}:0123456789ab:8080` as ServerName), today);
  assert.equal(currentName(today), today);
  const usual = serverName("app.local:a" as BackendName, id, 80 as Port);
  assert.equal(currentName(usual), usual);
});

Deno.test("a check names the whole host where the name of its server holds only the beginning of it", () => {
  const check = parseHealthCheck("httpchk GET / HTTP/1.1");
  assert.ok(check.ok);
  for (const path of ["", LONG_PATH] as PathPrefix[]) {
    const name = (host: HostName) => serverName(backendName(host, path), "abc" as ContainerId, 80 as Port);
    assert.match(
      withHost(check.value, LONG_HOST, [name(LONG_HOST)]).lines.join(),
      new RegExp(`hdr host ${LONG_HOST}`, "i"),
    );
    const short = "app.local" as HostName;
    assert.equal(withHost(check.value, short, [name(short)]), check.value);
  }
});

Deno.test("the hash is SHA-256", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const text = "é".repeat(length).slice(length / 3);
    assert.equal(sha256(text), createHash("sha256").update(text).digest("hex"));
  }
});
