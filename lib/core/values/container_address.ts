import type { IpAddress } from "./names.ts";

/** Addresses that no container can have: the beginning of each, and its meaning (RFC 6890, RFC 4291). */
const IPV4: readonly (readonly [test: (octets: readonly number[]) => boolean, what: string])[] = [
  [([a]) => a === 0, "which stands for no address"],
  [([a, b]) => a === 169 && b === 254, "which is link-local, where clouds keep their metadata"],
  [([a = 0]) => a >= 224 && a < 240, "which is multicast"],
  [([a = 0]) => a >= 240, "which is broadcast or reserved"],
];

/** Addresses at which clouds serve a machine's secrets, in otherwise ordinary networks (from their documentation). */
const METADATA: readonly string[] = [
  // Alibaba Cloud, Azure, Oracle Cloud.
  ...["100.100.100.200", "168.63.129.16", "192.0.0.192"],
  // AWS, Google Cloud, Scaleway.
  ...["fd00:ec2::254", "fd20:ce::254", "fd00:42::42"],
];

/** Why an address cannot be a container's, as a clause that follows it; `undefined` for one that can. */
export function whyNoContainers(address: IpAddress): string | undefined {
  const octets = octetsOf(address) ?? translatedOf(address);
  if (METADATA.includes(octets?.join(".") ?? address)) return "where a cloud keeps its metadata";
  if (octets !== undefined) return IPV4.find(([test]) => test(octets))?.[1];
  if (address === "::") return "which stands for no address";
  const first = parseInt(address.split(":")[0] || "0", 16);
  if (first >= 0xfe80 && first <= 0xfebf) return "which is link-local";
  return first >= 0xff00 ? "which is multicast" : undefined;
}

/** Whether an address is this machine's to itself, also one of IPv4 that is written within an IPv6 one. */
export const isLoopback = (address: IpAddress): boolean =>
  address === "::1" || octetsOf(address)?.[0] === 127 || translatedOf(address)?.[0] === 127;

/** The IPv4 address that an address is, also where it is written within an IPv6 one; `undefined` for any other. */
export function asIpv4(address: IpAddress): string | undefined {
  return octetsOf(address)?.join(".");
}

/**
 * An IPv4 address in four numbers, also where it is written within an IPv6 one: HAProxy connects to ::ffff:169.254.169.254
 * as the kernel does. Canonical IPv6 text has it as `::ffff:a9fe:a9fe` (WHATWG URL, IPv6 serializer).
 */
function octetsOf(address: IpAddress): readonly number[] | undefined {
  if (!address.includes(":")) return address.split(".").map(Number);
  const [, high, low] = /^::(?:ffff:(?:0:)?)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return octetsIn(high, low);
}

/**
 * The IPv4 address that a router reaches for an IPv6 one: it stands at the end of 64:ff9b::/96, also of one that a network
 * chose in 64:ff9b:1::/48 (RFC 6052, RFC 8215), at the beginning of 2002::/16 (6to4, RFC 3056), and with each bit turned at the
 * end of 2001::/32 (Teredo, RFC 4380).
 */
function translatedOf(address: IpAddress): readonly number[] | undefined {
  const words = wordsOf(address);
  const [first, second = "0", third = "0"] = words;
  if (first === "2001" && second === "0") {
    return octetsIn(words[6] ?? "0", words[7] ?? "0").map((octet) => octet ^ 0xff);
  }
  if (first === "64" && second === "ff9b") return octetsIn(words[6] ?? "0", words[7] ?? "0");
  return first === "2002" ? octetsIn(second, third) : undefined;
}

/** The eight words of canonical IPv6 text, in which one `::` stands for those that are 0. */
function wordsOf(address: IpAddress): readonly string[] {
  const [head = [], tail = []] = address.split("::").map((part) => part === "" ? [] : part.split(":"));
  return [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0"), ...tail];
}

const octetsIn = (...words: readonly string[]): readonly number[] =>
  words.map((word) => parseInt(word, 16)).flatMap((word) => [word >> 8, word & 0xff]);
