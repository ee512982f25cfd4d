const ENTER = /[\r\n]/;
const [ENDED, DELETED] = ["\x03", /[\x7f\b]/];

/** Reads a line from a terminal that does not show it. Answers with what there is where the input ends; Ctrl-C ends all. */
export async function readHiddenLine(prompt: string): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1_024);
  Deno.stderr.writeSync(new TextEncoder().encode(prompt));
  Deno.stdin.setRaw(true);
  try {
    let line = "";
    for (;;) {
      const size = await Deno.stdin.read(buffer);
      if (size === null) return line;
      for (const character of decoder.decode(buffer.subarray(0, size), { stream: true })) {
        if (ENTER.test(character)) return line;
        if (character === ENDED) Deno.exit(130);
        line = DELETED.test(character) ? [...line].slice(0, -1).join("") : line + character;
      }
    }
  } finally {
    Deno.stdin.setRaw(false);
    Deno.stderr.writeSync(new TextEncoder().encode("\n"));
  }
}
