/** A server between us and an authority, which adds what the authority lacks. */
import type { AgentStage } from "./agent_stage.ts";

/** What stands in front of an authority. */
export interface Front {
  readonly directory: string;
  /** What each new order asked for, in their order. */
  readonly orders: Readonly<Record<string, unknown>>[];
  /** Certificates of which somebody asked when to renew them, as the authority knows them (RFC 9773, 4.1). */
  readonly looked: string[];
}

/** How it answers in place of the authority; where it gives nothing, the authority does. */
export interface FrontAnswers {
  /** When to renew a certificate; without it, the directory says nothing of renewals. */
  readonly renewal?: (certificate: string) => Response;
  readonly order?: (count: number) => Response | undefined;
}

/** Puts one in front of a stage's authority. */
export async function putInFront(
  { pebble, defer }: Pick<AgentStage, "pebble" | "defer">,
  { renewal, order }: FrontAnswers,
): Promise<Front> {
  const read = (file: string) => Deno.readTextFile(`${pebble.folder}/${file}`);
  const [cert, key] = [await read("leaf.pem"), await read("leaf.key")];
  // The authority's addresses are those that it was asked at, and signatures are for them.
  const own = { caCerts: [await Deno.readTextFile(pebble.ca)], allowHost: true, http2: false };
  const client = Deno.createHttpClient(own);
  const [orders, looked]: [Front["orders"], string[]] = [[], []];
  const ask = async (request: Request, path: string, body: string | undefined) => {
    const headers = new Headers(request.headers);
    headers.set("host", new URL(request.url).host);
    const given = { method: request.method, headers, client, ...body !== undefined && { body } };
    return await fetch(new URL(path, pebble.directory), given);
  };
  const answer = async (request: Request): Promise<Response> => {
    const { origin, pathname } = new URL(request.url);
    const body = request.method === "POST" ? await request.text() : undefined;
    if (renewal !== undefined && pathname.startsWith("/renewal/")) {
      const certificate = pathname.slice("/renewal/".length);
      looked.push(certificate);
      return renewal(certificate);
    }
    if (pathname === "/order-plz") {
      const payload = JSON.parse(body ?? "").payload;
      orders.push(JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(payload, URL_SAFE))));
      const instead = order?.(orders.length);
      if (instead !== undefined) return instead;
    }
    const response = await ask(request, pathname, body);
    if (pathname !== "/dir" || renewal === undefined) return response;
    return Response.json({ ...await response.json(), renewalInfo: `${origin}/renewal` });
  };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", cert, key, onListen: () => {} }, answer);
  defer(async () => {
    await server.shutdown();
    client.close();
  });
  return { directory: `https://127.0.0.1:${server.addr.port}/dir`, orders, looked };
}

const URL_SAFE = { alphabet: "base64url" } as const;
