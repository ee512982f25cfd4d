import type { Clock, Reporter } from "../../ports.ts";

/** How long a cut-off HAProxy may take to finish its requests, in milliseconds: no worker takes new ones meanwhile. */
const LIMIT_MS = 1_000;
/** How long a worker may be silent, in milliseconds. */
const SILENCE_MS = 2_000;

/**
 * Ends an HAProxy that serves and takes no commands any more, so that another one is started. That happens when its
 * sockets were removed, or when a failed worker took over a socket's path and later workers inherit the old socket.
 */
export class CutOff {
  #silentSince: number | undefined;

  constructor(
    readonly sockets: readonly [master: string, worker: string],
    readonly clock: Clock,
    readonly report: Reporter,
    readonly stop: (limitMs: number) => Promise<unknown>,
  ) {}

  /** A worker has answered. */
  heard(): void {
    this.#silentSince = undefined;
  }

  /** A worker has not answered. Ends HAProxy after 2 s of silence; the master replaces a crashed worker sooner. */
  async silent(): Promise<void> {
    this.#silentSince ??= this.clock.now();
    if (this.clock.now() - this.#silentSince >= SILENCE_MS) await this.end(true);
  }

  /** Ends HAProxy if a socket is gone, or refuses after a reload that has failed; answers with whether it did. */
  async end(hasFailed: boolean): Promise<boolean> {
    const isGone = this.sockets.some(isMissing);
    if (!isGone && !(hasFailed && await isRefusing(this.sockets[1]))) return false;
    this.#silentSince = undefined;
    this.report.tell({ kind: "haproxy-cut-off" });
    await this.stop(LIMIT_MS);
    return true;
  }
}

function isMissing(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

async function isRefusing(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}
