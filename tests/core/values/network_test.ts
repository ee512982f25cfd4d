/** Networks as the digits that addresses begin with. */
import assert from "node:assert/strict";
import {
  formatNetwork,
  hexPrefixes,
  ipv4Within,
  liesIn,
  type Network,
  parseNetwork,
} from "../../../lib/core/values/network.ts";

function read(text: string): Network {
  const network = parseNetwork(text);
  assert.ok(network.ok, text);
  return network.value;
}

Deno.test("a network is its first address and a length, in any spelling", () => {
  const written = (text: string) => formatNetwork(read(text));
  assert.equal(written("10.1.2.3"), "10.1.2.3/32");
  assert.equal(written("10.1.2.3/9"), "10.0.0.0/9");
  assert.equal(written("0.0.0.0/0"), "0.0.0.0/0");
  assert.equal(written("2001:DB8::1/31"), "2001:db8:0:0:0:0:0:0/31");
  assert.equal(written("[::1]"), "0:0:0:0:0:0:0:1/128");
  assert.equal(written("::/0"), "0:0:0:0:0:0:0:0/0");
  // IPv4 within IPv6 is IPv4, however it is written; what holds more than that is IPv6.
  assert.equal(written("::ffff:10.1.2.3/104"), "10.0.0.0/8");
  assert.equal(written("::ffff:a01:203"), "10.1.2.3/32");
  assert.equal(written("::ffff:0:0/95"), "0:0:0:0:0:fffe:0:0/95");
  for (
    const text of [
      "",
      "/8",
      "10.0.0.1/33",
      "::1/129",
      "10.0.0.1/",
      "10.0.0.1/-1",
      "10.0.0.1/8/8",
      "a",
      "::1%lo",
    ]
  ) {
    assert.equal(parseNetwork(text).ok, false, text);
  }
});

Deno.test("a network lies in another one whose bits it begins with", () => {
  const lies = (text: string, other: string) => liesIn(read(text), read(other));
  const inside = [
    ["10.1.2.3", "10.0.0.0/8"],
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["10.128.0.0/10", "10.128.0.0/9"],
    ["1.2.3.4", "0.0.0.0/0"],
    ["fd00::1", "fc00::/7"],
    ["::ffff:10.1.2.3", "10.0.0.0/8"],
  ] as const;
  const outside = [
    ["10.0.0.0/8", "10.1.0.0/16"],
    ["10.64.0.0/10", "10.128.0.0/9"],
    ["11.0.0.0/8", "10.0.0.0/8"],
    ["10.0.0.0/8", "::/0"],
    ["::/0", "0.0.0.0/0"],
  ] as const;
  for (const [text, other] of inside) assert.ok(lies(text, other), `${text} in ${other}`);
  for (const [text, other] of outside) assert.ok(!lies(text, other), `${text} in ${other}`);
});

Deno.test("the digits of a network are those of its addresses and of no others", () => {
  assert.deepEqual(hexPrefixes(read("10.0.0.0/8")), ["0A"]);
  assert.deepEqual(hexPrefixes(read("172.16.0.0/12")), ["AC1"]);
  assert.deepEqual(hexPrefixes(read("192.0.2.64/26")), ["C000024", "C000025", "C000026", "C000027"]);
  assert.equal(hexPrefixes(read("128.0.0.0/1")).join(), "8,9,A,B,C,D,E,F");
  assert.deepEqual(hexPrefixes(read("fc00::/7")), ["FC", "FD"]);
  assert.deepEqual(hexPrefixes(read("0.0.0.0/0")), [""]);
  assert.deepEqual(hexPrefixes(read("255.255.255.255")), ["FFFFFFFF"]);
  const isIn = (length: number, address: number) =>
    hexPrefixes(read(`170.170.170.170/${length}`)).some((digits) =>
      address.toString(16).toUpperCase().padStart(8, "0").startsWith(digits)
    );
  const base = 0xaaaaaaaa;
  for (let length = 1; length <= 32; length++) {
    const size = 2 ** (32 - length);
    const first = base - base % size;
    assert.deepEqual(
      [first - 1, first, base, first + size - 1, first + size].map((address) => isIn(length, address)),
      [false, true, true, true, false],
      `/${length}`,
    );
  }
});

Deno.test("an IPv6 address has an IPv4 one in it where RFCs put one", () => {
  const within = (text: string) => ipv4Within(read(text));
  for (
    const text of ["::192.0.2.1", "::ffff:0:192.0.2.1", "64:ff9b::192.0.2.1", "64:ff9b:1:2:3:4:c000:201"]
      .concat(
        ["2002:c000:201::1", "2001::3fff:fdfe", "2001:0:1:2:3:4:3fff:fdfe"],
      )
  ) assert.equal(within(text), "C0000201", text);
  for (const text of ["::", "::1", "::ffff:192.0.2.1", "192.0.2.1", "2001:db8::c000:201", "64:ff9c::1:1"]) {
    assert.equal(within(text), undefined, text);
  }
});
