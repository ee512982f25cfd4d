/** The world that a command speaks to: arguments aside, everything that it reads and writes. */
export type Terminal = {
  readonly env: (name: string) => string | undefined;
  /** Standard output: what was asked for, and nothing else. */
  readonly out: (text: string) => Promise<void>;
  /** Standard error: everything else, a line at a time. */
  readonly err: (line: string) => void;
  readonly isErrTerminal: boolean;
  readonly stdin: () => Promise<string>;
};

const encoder = new TextEncoder();

/** The real terminal. */
export const systemTerminal: Terminal = {
  env: (name) => Deno.env.get(name),
  out: async (text) => {
    const bytes = encoder.encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await Deno.stdout.write(bytes.subarray(sent));
  },
  err: (line) => writeSync(encoder.encode(`${line}\n`)),
  isErrTerminal: Deno.stderr.isTerminal(),
  stdin: () => new Response(Deno.stdin.readable).text(),
};

function writeSync(bytes: Uint8Array): void {
  try {
    for (let sent = 0; sent < bytes.length;) sent += Deno.stderr.writeSync(bytes.subarray(sent));
  } catch {
    // A reader of our log that went away must not end us, nor HAProxy with us.
  }
}
