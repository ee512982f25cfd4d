/** The system's curl: a client that others use, over HTTP/1.1 and HTTP/2. */

/** The protocols that each test goes through. */
export const PROTOCOLS = ["--http1.1", "--http2-prior-knowledge"] as const;

/** An answer as curl tells it; a status of 0 where there is none. */
export type CurlAnswer = {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
};

/** Asks a port of the loopback for a URL of any host. */
export async function curl(
  port: number,
  url: string,
  ...more: readonly string[]
): Promise<CurlAnswer> {
  const { hostname, protocol } = new URL(url);
  const resolve = `${hostname}:${protocol === "https:" ? 443 : 80}:127.0.0.1`;
  const { stdout } = await new Deno.Command("curl", {
    args: [
      ...["-s", "-k", "-m", "10", "--path-as-is", "-D", "-", "-w", "\n%{http_code}"],
      ...["--resolve", resolve, "--connect-to", `::127.0.0.1:${port}`, ...more, url],
    ],
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const at = text.lastIndexOf("\n");
  const location = /^location: *(.*?)\r?$/im.exec(text)?.[1];
  const bodyAt = text.indexOf("\r\n\r\n");
  return {
    status: Number(text.slice(at + 1)),
    location,
    body: bodyAt < 0 ? "" : text.slice(bodyAt + 4, at),
  };
}
