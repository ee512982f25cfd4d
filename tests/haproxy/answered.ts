/** Answers with their headers, as curl gets them over HTTP/1.1 and HTTP/2. */

/** What came back: the status, headers as `name: value` with lower-case names, in their order, and the body. */
export type Answered = {
  readonly status: string;
  readonly headers: readonly string[];
  readonly body: string;
};

/** The ways that a client may ask. */
export const WAYS = ["--http1.1", "--http2-prior-knowledge"] as const;

/** Asks a listener on the loopback for a path of a host, with further arguments of curl. */
export async function curl(
  port: number,
  host: string,
  path: string,
  ...args: readonly string[]
): Promise<Answered> {
  const isTls = args.includes("--insecure");
  const { stdout } = await new Deno.Command("curl", {
    args: ["--silent", "--include", "--max-time", "20", "--connect-to", `${host}::127.0.0.1:${port}`, ...args]
      .concat(`${isTls ? "https" : "http"}://${host}:${port}${path}`),
    stdin: "null",
  }).output();
  const [head = "", ...rest] = new TextDecoder().decode(stdout).split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()));
  return { status: first.split(" ")[1] ?? "none", headers, body: rest.join("\r\n\r\n") };
}

/** The values of a header, in their order. */
export const valuesOf = (text: string | readonly string[], name: string): readonly string[] =>
  (typeof text === "string" ? text.split("\r\n") : text)
    .flatMap((line) => line.toLowerCase().startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []);
