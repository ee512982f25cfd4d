/** The whole terminal: what is drawn on it, and the keys that are pressed. */
export type Screen = {
  /** Characters in a line, and lines. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Draws lines from the top; of those that are the same as before, none is sent again. */
  readonly draw: (lines: readonly string[]) => void;
  /** What is typed, as the terminal sends it; ends with the terminal, and says nothing where standard input is no terminal. */
  readonly input: () => AsyncIterable<string>;
  /** Calls back when the size has changed, or all is to be drawn again. */
  readonly onChange: (act: () => void) => void;
  /** Gives the terminal back to the shell until it continues this program. */
  readonly suspend: () => void;
  /** Gives the terminal back as it was. */
  readonly close: () => void;
};

/** A screen of its own, without a cursor, and whose lines end at its edge (xterm's private modes 1049, 25 and 7). */
const [ENTER, LEAVE] = ["\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J", "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"];

/** What a terminal has that does not tell its size. */
const USUAL = { columns: 80, rows: 24 };

/** Takes over the terminal of standard output. */
export function openScreen(): Screen {
  const isTyped = Deno.stdin.isTerminal();
  const encoder = new TextEncoder();
  let drawn: readonly string[] = [];
  let isOpen = false;
  let act = () => {};
  const write = (text: string) => {
    const bytes = encoder.encode(text);
    for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
  };
  const enter = () => {
    isOpen = true;
    drawn = [];
    if (isTyped) Deno.stdin.setRaw(true);
    write(ENTER);
  };
  const leave = () => {
    if (!isOpen) return;
    isOpen = false;
    try {
      write(LEAVE);
    } catch {
      // The terminal is gone.
    }
    try {
      if (isTyped) Deno.stdin.setRaw(false);
    } catch {
      // Likewise.
    }
  };
  const onResize = () => {
    if (!isOpen) return;
    drawn = [];
    write("\x1b[2J");
    act();
  };
  const onContinue = () => {
    if (!isOpen) enter();
    act();
  };
  enter();
  Deno.addSignalListener("SIGWINCH", onResize);
  Deno.addSignalListener("SIGCONT", onContinue);
  return {
    size: sizeOf,
    draw: (lines) => {
      if (!isOpen) return;
      // A line is cleared before it is written: after one that fills it, the cursor stands on its last character.
      const changed = lines.flatMap((line, at) =>
        line === drawn[at] ? [] : [`\x1b[${at + 1};1H\x1b[2K${line}`]
      );
      drawn = lines;
      if (changed.length > 0) write(changed.join(""));
    },
    input: () => isTyped ? typed() : nothing(),
    onChange: (other) => act = other,
    suspend: () => {
      leave();
      Deno.kill(Deno.pid, "SIGSTOP");
    },
    close: () => {
      Deno.removeSignalListener("SIGWINCH", onResize);
      Deno.removeSignalListener("SIGCONT", onContinue);
      leave();
    },
  };
}

function sizeOf(): { readonly columns: number; readonly rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
  } catch {
    return USUAL;
  }
}

async function* typed(): AsyncIterable<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1_024);
  for (;;) {
    const size = await Deno.stdin.read(buffer).catch(() => null);
    if (size === null) return;
    yield decoder.decode(buffer.subarray(0, size), { stream: true });
  }
}

async function* nothing(): AsyncIterable<string> {}
