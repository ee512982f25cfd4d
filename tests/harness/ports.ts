/** Ports of the loopback for tests, which run in several processes and workers at once. */

const BLOCK = 500;
/** Below the ports that the kernel gives to outgoing connections, which come and go at any moment. */
const LAST = Math.min(32_000, firstOutgoingPort());
const FIRST = Math.max(2_000, LAST - 20_000);

/** Where the kernel's own ports begin; those of Linux's default where that is not told, or leaves no room below. */
function firstOutgoingPort(): number {
  let first = NaN;
  try {
    first = parseInt(Deno.readTextFileSync("/proc/sys/net/ipv4/ip_local_port_range"));
  } catch {
    // There is no such file everywhere.
  }
  return first >= 10_000 ? Math.floor(first / BLOCK) * BLOCK : 32_768;
}

/** The first port of a block that nobody else hands out: who listens on it owns the block, for as long as it runs. */
function claim(): number {
  const blocks = (LAST - FIRST) / BLOCK;
  const start = Math.floor(Math.random() * blocks);
  for (let at = 0; at < blocks; at++) {
    const first = FIRST + (start + at) % blocks * BLOCK;
    if (tryListen(first) !== undefined) return first;
  }
  throw new Error(`each block of ports between ${FIRST} and ${LAST} is in use`);
}

function tryListen(port: number): Deno.Listener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}

// Claimed when a test's file is loaded, and not within a test, which must close what it opens.
const first = claim();
let next = first;

/** A port of the loopback that nothing listens on; the same one is given again only after hundreds of others. */
export function freePort(): number {
  for (let tries = 1; tries < BLOCK; tries++) {
    next = next + 1 < first + BLOCK ? next + 1 : first + 1;
    const listener = tryListen(next);
    listener?.close();
    if (listener !== undefined) return next;
  }
  throw new Error(`each port from ${first + 1} on is in use`);
}
