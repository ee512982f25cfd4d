import { TimeLimit } from "../clock.ts";
import { domainOf } from "../core/acme/domain.ts";
import type { Clock } from "../ports.ts";
import { encodeBase64Url } from "./base64url.ts";
import type { Proof } from "./order.ts";
import { Turns } from "./turns.ts";

/** How long one call of the command may take, in milliseconds. */
const HOOK_LIMIT_MS = 180_000;
/** How long it may take to end after that, in milliseconds. */
const KILL_MS = 5_000;
/** How many characters of the command's error output a message quotes. */
const LONGEST_WORDS = 300;

/**
 * Proves hosts by records of the DNS (RFC 8555, 8.4) that a command of the operator's sets and takes away, one of a domain at a
 * time, and each domain in turn:
 * `COMMAND present NAME VALUE` has to end when the record can be seen, `COMMAND cleanup NAME VALUE` takes it away.
 */
export class DnsHook implements Proof {
  readonly kind = "dns-01";
  readonly areApart = false;
  readonly #turns = new Turns();

  constructor(private readonly command: string, private readonly clock: Clock) {}

  async present(host: string, keyAuthorization: string, signal: AbortSignal): Promise<() => Promise<void>> {
    const name = `_acme-challenge.${host.replace(/^\*\./, "")}`;
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(keyAuthorization));
    const value = encodeBase64Url(new Uint8Array(hash));
    const inTurn = (word: string, signal?: AbortSignal) =>
      this.#turns.take(domainOf(host), () => this.#run([word, name, value], signal), signal);
    await inTurn("present", signal);
    // A record that stays does no harm: the next one is another value.
    return () => inTurn("cleanup").catch(() => {});
  }

  async #run(words: readonly string[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    using limit = new TimeLimit(this.clock, HOOK_LIMIT_MS);
    const child = new Deno.Command("sh", {
      args: ["-c", `${this.command} "$@"`, "sh", ...words],
      // The folder that signalbox was started in may be gone.
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      // A group of its own, so that what the command started ends with it.
      detached: true,
    }).spawn();
    let kill: (() => void) | undefined;
    const end = () => {
      killGroup(child.pid, "SIGTERM");
      // One that does not hear it would hold its domain's turn for ever.
      kill = this.clock.after(KILL_MS, () => killGroup(child.pid, "SIGKILL"));
    };
    const ending = signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]);
    ending.addEventListener("abort", end);
    let said = "";
    const heard = (async () => {
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        said = (said + text).slice(-LONGEST_WORDS);
      }
    })();
    const { success, code } = await child.status;
    ending.removeEventListener("abort", end);
    kill?.();
    // A process that the command left running may keep the pipe open.
    await Promise.race([heard.catch(() => {}), this.clock.sleep(200)]);
    if (success) return;
    const how = limit.signal.aborted ? `did not end within ${HOOK_LIMIT_MS / 1_000} s` : `ended with ${code}`;
    throw new Error(
      `--acme-dns-hook ${words[0]} ${words[1]} ${how}${said.trim() === "" ? "" : `: ${said.trim()}`}`,
    );
  }
}

function killGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    Deno.kill(-pid, signal);
  } catch {
    // It ended in this moment.
  }
}
