import { createHash } from "node:crypto";
import { TimeLimit } from "../clock.ts";
import { type Answer, type FoundCertificates, SecretPem } from "../core/certificates/certificate.ts";
import { extension, partToSign, signedCertificate } from "../core/certificates/make_x509.ts";
import { ANSWER_FILES } from "../core/certificates/named_file.ts";
import { TAG, writeDer } from "../core/certificates/der.ts";
import type { RunningCertificates } from "../core/state/running.ts";
import type { Clock } from "../ports.ts";
import { makeKey, pemOf, sign } from "./account_key.ts";
import type { Proof } from "./order.ts";

/** How long HAProxy may take until it has an answer, in milliseconds: a reload may be under way. */
const SERVED_LIMIT_MS = 60_000;
const DAY_MS = 86_400_000;

/** The extension that holds the hash of what the authority wants to see (RFC 8737, 6.1), in hexadecimal digits. */
const ACME_IDENTIFIER = "2b0601050507011f";

/** An answer that HAProxy is to have, and who waits for it. */
type Awaited = { readonly answer: Answer; readonly onServed: () => void };

/**
 * Proves hosts at the port of HTTPS (RFC 8737): HAProxy has a few files for answers, whose content is a certificate that says
 * what the authority looks for. They reach HAProxy as all certificates do, and an answer is there when HAProxy's own
 * list says so.
 */
export class TlsAlpn implements Proof {
  readonly kind = "tls-alpn-01";
  readonly areApart = true;
  /** Called when HAProxy is to have other answers. */
  onChange: () => void = () => {};
  readonly #free: string[] = [...ANSWER_FILES];
  readonly #waiting: ((file: string) => void)[] = [];
  #answers: ReadonlyMap<string, Awaited> = new Map();
  #last: { readonly found: FoundCertificates; readonly both: FoundCertificates } | undefined;

  constructor(private readonly clock: Clock) {}

  /** What there is, with the answers; the same object as long as nothing differs. */
  beside(found: FoundCertificates): FoundCertificates {
    if (this.#last?.found === found) return this.#last.both;
    const answers = new Map([...this.#answers].map(([file, { answer }]) => [file, answer]));
    const both = { ...found, answers };
    this.#last = { found, both };
    return both;
  }

  /** Hears what HAProxy has. */
  hear(running: RunningCertificates | undefined): void {
    for (const [file, { answer, onServed }] of this.#answers) {
      if (running?.get(file)?.content === answer.content) onServed();
    }
  }

  /** Has HAProxy answer for a host; resolves when it does. */
  async present(host: string, keyAuthorization: string, signal: AbortSignal): Promise<() => Promise<void>> {
    const file = await this.#take(signal);
    const cleanUp = () => {
      this.#change(file, undefined);
      this.#leave(file);
      return Promise.resolve();
    };
    try {
      const served = Promise.withResolvers<void>();
      const answer = await answerOf(host, keyAuthorization, this.clock.date().getTime());
      using limit = new TimeLimit(
        this.clock,
        SERVED_LIMIT_MS,
        () => new Error(`HAProxy did not get the answer for it in ${SERVED_LIMIT_MS / 1_000} s`),
      );
      const ending = AbortSignal.any([signal, limit.signal]);
      this.#change(file, { answer, onServed: served.resolve });
      await orAborted(served.promise, ending);
      return cleanUp;
    } catch (error) {
      await cleanUp();
      throw error;
    }
  }

  #change(file: string, awaited: Awaited | undefined): void {
    const answers = new Map(this.#answers);
    if (awaited === undefined) answers.delete(file);
    else answers.set(file, awaited);
    this.#answers = answers;
    this.#last = undefined;
    this.onChange();
  }

  /** Waits for a file that nobody else has. */
  async #take(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const free = this.#free.shift();
    if (free !== undefined) return free;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiting.push(resolve);
    try {
      return await orAborted(promise, signal);
    } catch (error) {
      const at = this.#waiting.indexOf(resolve);
      if (at >= 0) this.#waiting.splice(at, 1);
      // It came in the same moment.
      else void promise.then((file) => this.#leave(file));
      throw error;
    }
  }

  #leave(file: string): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(file);
    else next(file);
  }
}

/** The certificate that answers for a host (RFC 8737, 3). */
async function answerOf(host: string, keyAuthorization: string, atMs: number): Promise<Answer> {
  const { pem, pair } = await makeKey();
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(keyAuthorization));
  const part = partToSign({
    publicKey: new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)),
    serial: crypto.getRandomValues(new Uint8Array(16)),
    organization: "signalbox tls-alpn-01",
    host,
    validFrom: atMs - DAY_MS,
    validTo: atMs + DAY_MS,
    extensions: [extension(ACME_IDENTIFIER, writeDer(TAG.octets, new Uint8Array(hash)), true)],
  });
  const der = signedCertificate(part, await sign(pair.privateKey, part));
  const text = pemOf("CERTIFICATE", der) + pem;
  return {
    pem: new SecretPem(text),
    content: createHash("sha256").update(text).digest("hex"),
    fingerprint: createHash("sha1").update(der).digest("hex").toUpperCase(),
  };
}

/** What a promise resolves to, unless the signal comes first: then its reason is thrown. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
