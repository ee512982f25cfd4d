/** Requests as a client sends them to a proxy: to one address, with a Host header of another name. */
import * as http from "node:http";
import * as https from "node:https";

/** One request; over the loopback, and without keeping the connection, unless said. */
export interface Request {
  readonly port: number;
  /** The Host header; the address where it is left out. */
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly address?: string;
  /** Speaks TLS, with the host as the server name, and checks no certificate. */
  readonly tls?: boolean;
  readonly limitMs?: number;
}

/** An answer; headers that came several times are joined by ", ". */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends one request and reads the whole answer; throws where there is none within the limit. */
export function httpGet(request: Request): Promise<Answer> {
  const { port, host, path = "/", method = "GET", body, address = "127.0.0.1", limitMs = 20_000 } = request;
  const options = {
    host: address,
    port,
    path,
    method,
    agent: false as const,
    headers: { ...(host === undefined ? {} : { host }), connection: "close", ...request.headers },
    signal: AbortSignal.timeout(limitMs),
    ...(request.tls ? { rejectUnauthorized: false, servername: host?.replace(/:\d+$/, "") ?? "" } : {}),
  };
  return new Promise((resolve, reject) => {
    const sent = (request.tls ? https : http).request(options, (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const headers = Object.entries(response.headers).map((
          [key, value],
        ) => [key, [value].flat().join(", ")]);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(headers),
          body: new TextDecoder().decode(concat(chunks)),
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

export { freePort } from "./ports.ts";
