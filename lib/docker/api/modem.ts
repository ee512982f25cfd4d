import { createHash } from "node:crypto";
import querystring from "node:querystring";
import { onAbort, TimeLimit } from "../../clock.ts";
import type { Clock } from "../../ports.ts";
import { readAnswer } from "./answer_limit.ts";
import { SocketReads } from "./socket_reads.ts";

/** How to reach an engine: a unix socket, or a URL with the client's TLS files. */
export type EngineTransport =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly url: string; readonly tls: EngineTls | undefined };

/** The texts of ca.pem, absent for the system's authorities, and of cert.pem and key.pem, where the engine asks for them. */
export type EngineTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };

/** What dockerode hands to a modem (docker-modem's `dial`). */
type DialOptions = {
  readonly path: string;
  readonly method: string;
  readonly options?: Record<string, unknown> & { _query?: Record<string, unknown> };
  readonly abortSignal?: AbortSignal;
  readonly isStream?: boolean;
  readonly statusCodes: Record<string, unknown>;
};
type DialCallback = (error: Error | null, data?: unknown) => void;

/** A request to an engine: its path for people, its target as sent, and which statuses answer it. */
type Question = {
  readonly path: string;
  readonly target: string;
  readonly isRight: (status: number) => boolean;
};

/** An answer, unless its mark was known: a hash of its text. */
export type Marked = { readonly mark: string; readonly json: unknown };

const isOk = (status: number): boolean => status === 200;
const NEVER = new AbortController().signal;

/** An answer of the engine that is not a success. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  constructor(message: string, readonly statusCode: number | undefined) {
    super(message);
  }
}

/** An answer that did not come within its deadline. */
export class LateAnswerError extends EngineError {
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`, undefined);
  }
}

/** How long the engine may take for an answer, in milliseconds; a list of 10,000 containers takes under 200. */
const DEADLINE_MS = 10_000;

/**
 * A transport for dockerode over fetch and unix sockets. Its own can end the process when a stream is cut, and never settles
 * when a reply is cut. This one lets only reads through: signalbox may change nothing in Docker.
 */
export class ReadModem {
  /** `/v1.41` and the like in front of each path, once it was negotiated. */
  version = "";
  /** Asks for streams, and for all where the engine is behind no socket. */
  readonly #client: Deno.HttpClient;
  readonly #base: string;
  readonly #socket: SocketReads | undefined;

  constructor(transport: EngineTransport, readonly clock: Clock, readonly deadlineMs = DEADLINE_MS) {
    if (transport.kind === "unix") {
      this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: transport.path } });
      // An address, not a name: Deno would look a name up although a unix socket needs no lookup, and a lost packet
      // would cost five seconds.
      this.#base = "http://127.0.0.1";
      this.#socket = new SocketReads(transport.path);
      return;
    }
    const { tls } = transport;
    const client = tls?.cert !== undefined && tls.key !== undefined ? { cert: tls.cert, key: tls.key } : {};
    this.#client = Deno.createHttpClient({ ...tls?.ca !== undefined && { caCerts: [tls.ca] }, ...client });
    this.#base = transport.url;
  }

  /** docker-modem's entry point: the data, or the body's stream where one was wanted, reaches the callback. */
  dial(options: DialOptions, callback: DialCallback): void {
    this.#request(options).then((data) => callback(null, data), (error) => callback(asError(error)));
  }

  close(): void {
    this.#client.close();
    this.#socket?.close();
  }

  /** What a path answers with, until the signal: a container's inspect, of which there are thousands, needs no more of dockerode. */
  async get(path: string, signal: AbortSignal): Promise<unknown> {
    return JSON.parse(await this.#getText(path, signal));
  }

  /** The same, with the answer's mark; no JSON where that is the known one: it need not be parsed to be the same. */
  async getUnless(path: string, known: string | undefined, signal: AbortSignal): Promise<Marked> {
    const text = await this.#getText(path, signal);
    const mark = createHash("sha256").update(text).digest("base64url");
    return { mark, json: mark === known ? undefined : JSON.parse(text) };
  }

  async #getText(path: string, signal: AbortSignal): Promise<string> {
    try {
      return await this.#read({ path, target: this.version + path, isRight: isOk }, signal);
    } catch (error) {
      throw asError(error);
    }
  }

  async #request(options: DialOptions): Promise<unknown> {
    const { method, isStream, statusCodes } = options;
    if (method !== "GET") {
      throw new EngineError(`${method} is not for signalbox, which only reads`, undefined);
    }
    const given = options.abortSignal ?? options.options?.abortSignal as AbortSignal | undefined;
    const question: Question = {
      path: options.path.replace(/\?$/, ""),
      target: this.#target(options),
      isRight: (status) => statusCodes[status] === true,
    };
    if (!isStream) {
      const text = await this.#read(question, given ?? NEVER);
      // A ping is answered with a word.
      return question.path === "/_ping" ? text : JSON.parse(text);
    }
    using deadline = new TimeLimit(this.clock, this.deadlineMs, this.#late);
    const signal = given === undefined ? deadline.signal : AbortSignal.any([given, deadline.signal]);
    return (await this.#fetch(question, signal)).body;
  }

  #read(question: Question, signal: AbortSignal): Promise<string> {
    const what = `the answer to ${question.path}`;
    return this.#socket === undefined
      ? this.#readFetched(question, what, signal)
      : this.#readSocket(this.#socket, question, what, signal);
  }

  async #readSocket(socket: SocketReads, { target, isRight }: Question, what: string, signal: AbortSignal) {
    const until = { signal, clock: this.clock, limitMs: this.deadlineMs, late: this.#late };
    const { status, text } = await socket.get(target, what, until);
    if (!isRight(status)) throw refusal(status, text);
    return text;
  }

  async #readFetched(question: Question, what: string, given: AbortSignal): Promise<string> {
    using deadline = new TimeLimit(this.clock, this.deadlineMs, this.#late);
    // Thousands of reads have one signal in common: nothing of one may hang on it once it is done.
    const abort = () => deadline.abort(given.reason);
    const leave = onAbort(given, abort);
    if (given.aborted) abort();
    const { signal } = deadline;
    // An abort alone may not end the read of an answer that has begun, as where its engine is cut off in the midst of it.
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const end = () => reject(signal.reason);
    try {
      const response = await this.#fetch(question, signal);
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
      return await Promise.race([readAnswer(response, what), aborted]);
    } finally {
      signal.removeEventListener("abort", end);
      leave();
    }
  }

  async #fetch({ target, isRight }: Question, signal: AbortSignal): Promise<Response> {
    const response = await fetch(this.#base + target, { client: this.#client, signal });
    if (isRight(response.status)) return response;
    throw refusal(response.status, await readAnswer(response, "a refusal"));
  }

  readonly #late = () => new LateAnswerError(this.deadlineMs);

  #target(options: DialOptions): string {
    const { abortSignal: _, ...given } = options.options ?? {};
    const query = Object.entries(given._query ?? given).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null && !Array.isArray(value) ? JSON.stringify(value) : value,
    ]);
    const path = options.path.replace(/\?$/, "");
    // The question for the API's version goes out without a version.
    const version = path === "/version" ? "" : this.version;
    const text = querystring.stringify(Object.fromEntries(query) as Record<string, string>);
    return text === "" ? version + path : `${version}${path}?${text}`;
  }
}

function refusal(status: number, answer: string): EngineError {
  const text = answer.slice(0, 300);
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // Not every refusal is JSON: a proxy in front of the socket answers in HTML.
  }
  return new EngineError(`${status} ${message.trim()}`, status);
}

/** A fetch that failed tells why at the end: "No such file or directory", "Connection refused"; in its cause, or itself. */
function asError(error: unknown): Error {
  if (!(error instanceof Error)) return new EngineError(String(error), undefined);
  const { message } = error.cause instanceof Error ? error.cause : error;
  const why = message.replace(/^.*client error \(Connect\): /, "");
  return error.cause instanceof Error || why !== message ? new EngineError(why, undefined) : error;
}
