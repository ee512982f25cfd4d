import type { FoundCertificates } from "../core/certificates/certificate.ts";
import type { Clock } from "../ports.ts";
import type { CertificateFiles } from "./certificate_files.ts";
import { watchSource } from "./watch_source.ts";

/** How long others may go on writing before the files are read, in milliseconds: a certificate and its key are two files. */
const SETTLE_MS = 50;
const DAY_MS = 86_400_000;

/** The certificates of a signalbox that runs: read again whenever their files change. */
export class LiveCertificates {
  #isAwaited = false;
  #reading: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly files: CertificateFiles,
    readonly clock: Clock,
    private found: FoundCertificates,
  ) {}

  /** Reads them for the first time. */
  static async open(files: CertificateFiles, clock: Clock): Promise<LiveCertificates> {
    return new LiveCertificates(files, clock, await files.read(clock.date().getTime()));
  }

  /** As they are now; the same object as long as nothing differs. */
  get now(): FoundCertificates {
    return this.found;
  }

  /** Reads them again; answers whether anything differs. One reading at a time. */
  read(): Promise<boolean> {
    const reading = this.#reading.then(() => this.#read());
    this.#reading = reading;
    return reading;
  }

  /** Watches their files until the signal; calls `onChange` when what they hold differs. */
  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const tell = () => {
      if (this.#isAwaited) return;
      this.#isAwaited = true;
      this.clock.after(SETTLE_MS, () => {
        this.#isAwaited = false;
        if (!signal.aborted) void this.read().then((isChanged) => isChanged && onChange());
      });
    };
    await Promise.all(this.files.sources.map(({ path }) => watchSource(path, this.clock, tell, signal)));
  }

  async #read(): Promise<boolean> {
    const found = await this.files.read(this.clock.date().getTime());
    if (textOf(found) === textOf(this.found)) return false;
    this.found = found;
    return true;
  }
}

/** What differs where something is to be done. Each day is another one: a certificate may expire. */
const textOf = (found: FoundCertificates): string => {
  const { certificates, forServers = [], authorities = [], selfSigned, notices, atMs } = found;
  return JSON.stringify([
    [certificates, forServers, authorities].map((all) =>
      all.map(({ path, name, content }) => [path, name, content])
    ),
    selfSigned?.content,
    notices,
    Math.floor(atMs / DAY_MS),
  ]);
};
