import { parseIp } from "./names.ts";
import { expected, type Parsed, parsed } from "./notice.ts";

/** Addresses that begin with the same bits; one address has all of its bits. */
export type Network = {
  readonly family: 4 | 6;
  /** Upper-case hexadecimal digits of its first address: 8 of IPv4, 32 of IPv6. */
  readonly hex: string;
  /** How many bits its addresses share. */
  readonly length: number;
};

const EXPECTED = "an address, or a network such as 10.0.0.0/8 or 2001:db8::/32";
/** What stands in front of an IPv4 address that is written as an IPv6 one (RFC 4291, section 2.5.5.2). */
const MAPPED = "00000000000000000000FFFF";
const MAPPED_BITS = MAPPED.length * 4;

/** Reads an address or a network; what is IPv4 within IPv6 is IPv4, and bits after the length do not count. */
export function parseNetwork(text: string): Parsed<Network> {
  const [, written = "", digits] = /^([^/]+?)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const address = parseIp(written);
  if (!address.ok) return expected(EXPECTED);
  const hex = address.value.includes(":") ? hexOfIpv6(address.value) : hexOfIpv4(address.value);
  const bits = hex.length * 4;
  const length = digits === undefined ? bits : Number(digits);
  if (length > bits) return expected(EXPECTED);
  return hex.startsWith(MAPPED) && length >= MAPPED_BITS
    ? parsed({
      family: 4,
      hex: masked(hex.slice(MAPPED.length), length - MAPPED_BITS),
      length: length - MAPPED_BITS,
    })
    : parsed({ family: hex.length === 8 ? 4 : 6, hex: masked(hex, length), length });
}

/** What a client's IPv4 address stands behind in an IPv6 one: in `::/96` (RFC 4291), behind translators (RFC 7915, 6052, 8215). */
const BEFORE_IPV4 = /^(?:0{24}(?!0000)|0{16}FFFF0000|0064FF9B.{16})(.{8})$/;

/** The digits of the IPv4 address that an IPv6 one has in it, beside those that are IPv4; `undefined` where there is none. */
export function ipv4Within({ family, hex }: Network): string | undefined {
  if (family === 4) return undefined;
  if (hex.startsWith("2002")) return hex.slice(4, 12);
  if (!hex.startsWith("20010000")) return BEFORE_IPV4.exec(hex)?.[1];
  return [...hex.slice(24)].map((each) => digit(parseInt(each, 16) ^ 0xf)).join("");
}

/** A network as HAProxy's `src` takes it: `10.0.0.0/8`, `2001:db8:0:0:0:0:0:0/32`. */
export function formatNetwork({ family, hex, length }: Network): string {
  const address = family === 4
    ? (hex.match(/../g) ?? []).map((byte) => parseInt(byte, 16)).join(".")
    : (hex.match(/..../g) ?? []).map((word) => parseInt(word, 16).toString(16)).join(":");
  return `${address}/${length}`;
}

/** Whether all addresses of a network are of another one, or of the same. */
export function liesIn({ family, hex, length }: Network, other: Network): boolean {
  return family === other.family && length >= other.length && masked(hex, other.length) === other.hex;
}

/**
 * The digits that the addresses of a network begin with, and no others do. A digit has four bits: a length between two
 * digits takes up to eight of them.
 */
export function hexPrefixes({ hex, length }: Network): readonly string[] {
  const whole = hex.slice(0, Math.floor(length / 4));
  const open = 4 - length % 4;
  if (open === 4) return [whole];
  const first = parseInt(hex[whole.length] ?? "0", 16);
  return Array.from({ length: 1 << open }, (_, at) => whole + digit(first + at));
}

const digit = (value: number): string => value.toString(16).toUpperCase();

const hexOfIpv4 = (address: string): string =>
  address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0")).join("").toUpperCase();

/** Canonical text has `::` at most once, and no IPv4 address at its end (WHATWG URL, IPv6 serializer). */
function hexOfIpv6(address: string): string {
  const [front = [], back = []] = address.split("::").map((part) => part === "" ? [] : part.split(":"));
  const zeros = Array<string>(8 - front.length - back.length).fill("0");
  return [...front, ...zeros, ...back].map((word) => word.padStart(4, "0")).join("").toUpperCase();
}

/** The digits with all bits after the length zero. */
function masked(hex: string, length: number): string {
  const at = Math.floor(length / 4);
  if (at >= hex.length) return hex;
  const kept = parseInt(hex[at] ?? "0", 16) & (0xf0 >> length % 4);
  return hex.slice(0, at) + digit(kept & 0xf) + "0".repeat(hex.length - at - 1);
}
