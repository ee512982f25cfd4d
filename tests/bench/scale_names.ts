/** What the containers of a large fleet are called, and where they are, by their numbers. */

/** All of them serve at this port. */
export const ORIGIN_PORT = 18_080;

const hex = (value: number) => value.toString(16).padStart(8, "0");

/** 64 digits, as spread as a real engine's. */
export function idOf(at: number): string {
  let seed = at + 1;
  let text = "";
  while (text.length < 56) {
    seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
    text += hex(seed);
  }
  return text + hex(at);
}

/** Of the loopback, on which all addresses are this machine's. */
export const addressOf = (at: number): string => `127.${20 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`;

/** The host that a container serves. */
export const hostOf = (at: number, perHost: number): string => `host-${Math.floor(at / perHost)}.scale`;

/** The network of a host's containers. */
export const networkOf = (at: number, perHost: number): string =>
  idOf(1_000_000_000 + Math.floor(at / perHost));
