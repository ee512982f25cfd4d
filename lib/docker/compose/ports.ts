import { parseIp, parsePortText } from "../../core/values/names.ts";
import { expected, type Parsed, parsed, quote } from "../../core/values/notice.ts";
import { isMap, type Placed, textOf } from "./placed.ts";

/** One element of `ports`: a port of the container, or a range, and where the engine publishes it. */
export type ComposePort = {
  /** `80`, or `3000-3005`. */
  readonly target: string;
  /** "" where Docker chooses one. */
  readonly published: string;
  /** "" for every address. */
  readonly hostAddress: string;
  readonly protocol: string;
};

const EXPECTED = "a port such as 80, 8080:80 or 127.0.0.1:8080:80/tcp";
const SHORT =
  /^(?:(\[[0-9A-Fa-f:.]+\]|[0-9.]+|):)?(?:([0-9]+(?:-[0-9]+)?|):)?([0-9]+(?:-[0-9]+)?)(?:\/([a-z]+))?$/;

/** Reads an element of `ports` in its short or its long form. */
export function parseComposePort(placed: Placed): Parsed<ComposePort> {
  const { value } = placed;
  if (isMap(value)) {
    const part = (name: string) => textOf(value.get(name)) ?? "";
    return checked({
      target: part("target"),
      published: part("published"),
      hostAddress: part("host_ip"),
      protocol: part("protocol") || "tcp",
    });
  }
  const text = textOf(placed);
  // With two parts, the first is a port of the host's.
  const [, first = "", second = "", target, protocol = "tcp"] = SHORT.exec(text ?? "") ?? [];
  if (target === undefined) return expected(`${EXPECTED}, and not ${quote(value)}`);
  const isHostPort = second === "" && /^[0-9]+$/.test(first);
  return checked({
    target,
    published: isHostPort ? first : second,
    hostAddress: isHostPort ? "" : first.replace(/^\[|\]$/g, ""),
    protocol,
  });
}

function checked(port: ComposePort): Parsed<ComposePort> {
  const { target, published, hostAddress } = port;
  const isRight = isRange(target) && (published === "" || isRange(published)) &&
    (hostAddress === "" || parseIp(hostAddress).ok) && /^[a-z]{1,8}$/.test(port.protocol);
  if (!isRight) return expected(EXPECTED);
  const isOne = !target.includes("-") || published === "" || sizeOf(target) === sizeOf(published);
  return isOne ? parsed(port) : expected("as many ports of the host as of the container");
}

function isRange(text: string): boolean {
  const [first = "", last = first, ...more] = text.split("-");
  const [from, to] = [parsePortText(first), parsePortText(last)];
  return more.length === 0 && from.ok && to.ok && from.value <= to.value;
}

const sizeOf = (range: string): number => portsOf(range).length;

/** The ports of a range. */
export function portsOf(range: string): readonly number[] {
  const [first = 0, last = first] = range.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** What makes two elements the same port (compose-spec, merging: unique resources); `undefined` for what is no port. */
export function portKeyOf(placed: Placed): string | undefined {
  const port = parseComposePort(placed);
  if (!port.ok) return undefined;
  const { target, published, hostAddress, protocol } = port.value;
  return [hostAddress, published, target, protocol].join(" ");
}
