/** One GET over HTTP/2, as a client sends it that begins with HTTP/2 at once. */
import { connect } from "node:http2";

/** An answer; headers that came several times are a list. */
export type Http2Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
};

/** Asks a port of this machine for a path of a host; fails where there is no answer. */
export async function http2Get(
  port: number,
  host: string,
  path = "/",
  headers: Readonly<Record<string, string>> = {},
): Promise<Http2Answer> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Http2Answer>();
    session.on("error", reject);
    const request = session.request({ ":path": path, ":authority": host, ...headers });
    let got: Record<string, string | string[] | undefined> = {};
    const chunks: string[] = [];
    request.setEncoding("utf8");
    request.on("response", (all) => got = { ...all });
    request.on("data", (chunk: string) => chunks.push(chunk));
    request.on("error", reject);
    request.on("end", () => resolve({ status: Number(got[":status"]), headers: got, body: chunks.join("") }));
    request.end();
    return await promise;
  } finally {
    session.close();
  }
}
