/** A gRPC server in place of a container, and a client: messages are bytes, so that no description of them is needed. */
import {
  Client,
  credentials,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";

const same = (bytes: Uint8Array): Buffer<ArrayBuffer> => Buffer.from(bytes);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const method = (name: string, isStream: boolean): MethodDefinition<Uint8Array, Uint8Array> => ({
  path: `/test.Echo/${name}`,
  requestStream: isStream,
  responseStream: isStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const SAY = method("Say", false);
const TALK = method("Talk", true);

type Call = { readonly request: Uint8Array };
type Answer = (error: Partial<ServiceError> | null, value?: Uint8Array) => void;
type Talk = {
  readonly on: (event: string, act: (bytes: Uint8Array) => void) => void;
  readonly write: (bytes: Uint8Array) => void;
  readonly end: () => void;
};

/** A server that says everything back; to "bad" it answers by its trailers alone. */
export class GrpcServer implements AsyncDisposable {
  private constructor(readonly server: Server, readonly port: number) {}

  static async start(): Promise<GrpcServer> {
    const server = new Server();
    server.addService({ Say: SAY, Talk: TALK }, {
      Say: ({ request }: Call, answer: Answer) =>
        textOf(request) === "bad"
          ? answer({ code: status.NOT_FOUND, details: "there is nothing" })
          : answer(null, request),
      Talk: (talk: Talk) => {
        talk.on("data", (bytes) => talk.write(bytes));
        talk.on("end", () => talk.end());
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.bindAsync(
      "127.17.9.1:0",
      ServerCredentials.createInsecure(),
      (error, port) => error === null ? resolve(port) : reject(error),
    );
    return new GrpcServer(server, await promise);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown();
    return Promise.resolve();
  }
}

/** A client that goes to a port of this machine, and names a host. */
export class GrpcClient implements Disposable {
  readonly #client: Client;

  constructor(port: number, host: string) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.default_authority": host,
    });
  }

  /** What one message is answered with: a text, or the code and words of an error. */
  say(text: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { path } = SAY;
    this.#client.makeUnaryRequest(
      path,
      same,
      same,
      bytesOf(text),
      (error, value) =>
        resolve(error === null ? textOf(value ?? bytesOf("")) : `${error.code} ${error.details}`),
    );
    return promise;
  }

  /** Says the texts in one call, each once the one before is answered; the answers, and the code at the end. */
  talk(texts: readonly string[]): Promise<readonly string[]> {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const call = this.#client.makeBidiStreamRequest(TALK.path, same, same);
    const heard: string[] = [];
    const next = () => {
      const text = texts[heard.length];
      if (text === undefined) call.end();
      else call.write(bytesOf(text));
    };
    call.on("data", (bytes: Uint8Array) => {
      heard.push(textOf(bytes));
      next();
    });
    call.on("error", () => undefined);
    call.on("status", ({ code }) => resolve([...heard, `code ${code}`]));
    next();
    return promise;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
