import { TimeLimit } from "../clock.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Clock } from "../ports.ts";

/** How long a look at one host may take, in milliseconds. */
const LOOK_LIMIT_MS = 5_000;

/** Where clients ask for HTTPS. */
const HTTPS = 443;

/** What is read of the world, so that tests can answer. */
export type NameWorld = {
  /** The addresses that a name has in the DNS. */
  readonly resolve: (host: string, kind: "A" | "AAAA", signal: AbortSignal) => Promise<string[]>;
  /** The first kilobytes that an address answers to a request at port 80. */
  readonly ask: (address: string, request: string, signal: AbortSignal) => Promise<string>;
};

/**
 * Why an authority would not find us at a host, as far as can be known from here: its name leads nowhere, or to somebody who
 * answers otherwise. Nothing where we answer there, and where it cannot be told: behind NAT our own address is often out of
 * reach, and the certificate is ordered. Without a thumbprint, port 80 is nobody's business.
 */
export async function whyNotOurs(
  host: string,
  { thumbprint, clock }: { readonly thumbprint: string | undefined; readonly clock: Clock },
  stopping: AbortSignal,
  world: NameWorld = realWorld,
): Promise<string | undefined> {
  using limit = new TimeLimit(clock, LOOK_LIMIT_MS);
  const signal = AbortSignal.any([stopping, limit.signal]);
  const found = await Promise.all([find(host, "A", world, signal), find(host, "AAAA", world, signal)]);
  // A resolver that does not answer says nothing about the name.
  if (found.some((addresses) => addresses === undefined)) return undefined;
  const addresses = found.flatMap((all) => all ?? []);
  if (addresses.length === 0) return `${host} has no address in the DNS, expected one that leads here`;
  if (thumbprint === undefined) return undefined;
  const token = `signalbox-${crypto.randomUUID()}`;
  const request =
    `GET /.well-known/acme-challenge/${token} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const answers = await Promise.all(addresses.map(async (address) => ({
    address,
    answer: await world.ask(address, request, signal).catch(() => undefined),
  })));
  const wrong = answers.find(({ answer }) =>
    answer !== undefined && isAnothers(answer, `${token}.${thumbprint}`)
  );
  if (wrong === undefined) return undefined;
  const status = /^HTTP\/1\.[01] ([0-9]{3})/.exec(wrong.answer ?? "")?.[1];
  return `${host} resolves to ${addresses.join(", ")}, and ${wrong.address} answers ${
    status === undefined ? "no HTTP" : `${status} in another's name`
  } at port 80, expected it to lead here`;
}

/** What is read of the world about HTTPS, so that tests can answer. */
export type HttpsWorld = Pick<NameWorld, "resolve"> & {
  /** The addresses of this machine. */
  readonly own: () => ReadonlySet<string>;
  readonly isRefused: (address: string, port: number) => Promise<boolean>;
};

/**
 * Why clients find no HTTPS at a host, where that is certain: its name leads to an address of this very machine, and nothing
 * listens there. What other addresses lead to is not seen from here.
 */
export async function whyNoHttps(
  host: string,
  clock: Clock,
  world: HttpsWorld = realHttpsWorld,
): Promise<string | undefined> {
  using limit = new TimeLimit(clock, LOOK_LIMIT_MS);
  const kinds = ["A", "AAAA"] as const;
  const found = await Promise.all(kinds.map((kind) => find(host, kind, world, limit.signal)));
  const own = world.own();
  for (const address of found.flatMap((all) => all ?? []).filter((each) => own.has(each))) {
    if (!await world.isRefused(address, HTTPS)) continue;
    return `${host} leads to this machine (${address}), and nothing listens at port ${HTTPS} there`;
  }
  return undefined;
}

/** Whether somebody else answered for sure; what leads elsewhere may lead here in the end. */
function isAnothers(answer: string, expected: string): boolean {
  const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(answer)?.[1] ?? 0);
  return !answer.includes(expected) && (status < 300 || status === 404 || status === 410);
}

async function find(
  host: string,
  kind: "A" | "AAAA",
  world: Pick<NameWorld, "resolve">,
  signal: AbortSignal,
) {
  try {
    return await world.resolve(host, kind, signal);
  } catch (error) {
    return error instanceof Deno.errors.NotFound || /no record/i.test(messageOf(error)) ? [] : undefined;
  }
}

const realWorld: NameWorld = {
  resolve: (host, kind, signal) => Deno.resolveDns(`${host}.`, kind, { signal }),
  async ask(hostname, request, signal) {
    using connection = await Deno.connect({ hostname, port: 80, signal });
    const close = () => connection.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      await connection.write(new TextEncoder().encode(request));
      const bytes = new Uint8Array(4_096);
      let length = 0;
      for (let read: number | null = 0; read !== null && length < bytes.length; length += read) {
        read = await connection.read(bytes.subarray(length));
        if (read === null) break;
      }
      return new TextDecoder().decode(bytes.subarray(0, length));
    } finally {
      signal.removeEventListener("abort", close);
    }
  },
};

const realHttpsWorld: HttpsWorld = {
  resolve: realWorld.resolve,
  own: () => new Set(Deno.networkInterfaces().map(({ address }) => address)),
  async isRefused(hostname, port) {
    try {
      (await Deno.connect({ hostname, port })).close();
      return false;
    } catch (error) {
      return error instanceof Deno.errors.ConnectionRefused;
    }
  },
};
