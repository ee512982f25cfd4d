/** Real databases behind a port of TCP, with their own clients: one that is redeployed keeps its sessions until they end. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { addressOf, docker, OWNER_LABEL } from "../harness/engine.ts";
import { freePort } from "../harness/http.ts";
import { importImage, place, placeBusybox, placeLibraries, runOrThrow } from "../harness/images/parts.ts";
import { eventually } from "../harness/program.ts";
import { live } from "./stage.ts";

/** A database of Debian's, and how its client is asked. */
type Database = {
  readonly name: string;
  readonly port: number;
  readonly programs: readonly string[];
  /** Folders that it needs beside its programs. */
  readonly folders: readonly string[];
  readonly start: string;
  readonly client: (host: string, port: number) => readonly string[];
  /** What has a container remember its name, and what asks for it. */
  readonly mark: (name: string) => string;
  readonly ask: string;
};

const PG = "/usr/lib/postgresql/15";

const DATABASES: readonly Database[] = [
  {
    name: "redis",
    port: 6379,
    programs: ["/usr/bin/redis-server"],
    folders: [],
    // The first process of a container ignores SIGTERM unless it asks for it: here it is the shell.
    start: "redis-server --protected-mode no --save '' --dir /tmp; true",
    client: (host, port) => ["redis-cli", "-h", host, "-p", `${port}`],
    mark: (name) => `set who ${name}`,
    ask: "get who",
  },
  {
    name: "postgres",
    port: 5432,
    programs: ["postgres", "initdb"].map((name) => `${PG}/bin/${name}`),
    folders: [`${PG}/lib`, "/usr/share/postgresql/15", "/usr/share/zoneinfo"],
    // SIGTERM lets it end once its last session has.
    start: `${PG}/bin/initdb -D /tmp/data -U postgres -A trust --locale C -E UTF8 >/dev/null && ` +
      "echo host all all all trust >>/tmp/data/pg_hba.conf && " +
      `exec ${PG}/bin/postgres -D /tmp/data -k /tmp -h 0.0.0.0`,
    client: (host, port) => ["psql", "-h", host, "-p", `${port}`, "-U", "postgres", "-qAt"],
    mark: (name) => `create table who as select '${name}' as name;`,
    ask: "select name from who;",
  },
];

/** A client of a database that stays connected. */
class Client implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor([program = "", ...args]: readonly string[]) {
    this.#process = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async ask(question: string): Promise<string> {
    await this.#writer.write(new TextEncoder().encode(`${question}\n`));
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return "ended";
      text += value;
    }
    return text.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => undefined);
    await this.#reader.cancel();
    await this.#process.status;
  }
}

async function makeImage({ name, programs, folders, start, port }: Database): Promise<string> {
  const image = `signalbox-test/${name}`;
  const changes = [
    `ENTRYPOINT ${JSON.stringify(["sh", "-c", start])}`,
    "ENV PATH=/bin:/usr/bin",
    "USER 1000",
    `EXPOSE ${port}`,
  ];
  await importImage(image, changes, async (root) => {
    await Deno.chmod(join(root, "tmp"), 0o777);
    await placeBusybox(root, ["sh", "echo", "cat", "true"]);
    await Deno.mkdir(join(root, "etc"));
    await Deno.writeTextFile(join(root, "etc/passwd"), "db:x:1000:1000:db:/tmp:/bin/sh\n");
    for (const folder of folders) {
      await Deno.mkdir(join(root, folder, ".."), { recursive: true });
      await runOrThrow("cp", "-rL", folder, join(root, folder));
    }
    for (const program of programs) {
      await place(program, join(root, program));
      await placeLibraries(program, root);
    }
  });
  return image;
}

const isThere = (path: string): boolean => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
};

for (const database of DATABASES) {
  const { name, port, programs, client, mark, ask } = database;
  const isIgnored = !programs.every(isThere);
  if (isIgnored) console.error(`skipped: the test with ${name}, since it is not installed`);
  live(
    `${name}: a database that is redeployed keeps its sessions until they end, and no new one fails`,
    async (stage) => {
      const image = await makeImage(database);
      const listen = freePort();
      const router = await stage.router({ flags: ["--tcp-ports", `${listen}`] });
      const start = async (who: string): Promise<string> => {
        const labels = ["protocol=tcp", `listen_port=${listen}`].flatMap((label) => [
          "--label",
          `interlock.${label}`,
        ]);
        const flags = ["--label", OWNER_LABEL, "--hostname", "db.local", ...labels];
        const id = await docker("run", "-d", ...flags, image);
        const address = await addressOf(id);
        await eventually(async () => {
          await runWith(client(address, port), mark(who));
          return await runWith(client(address, port), ask) === who;
        }, { what: `${name} to know its name`, limitMs: 60_000 });
        return id;
      };
      const whoNow = () => runWith(client("127.0.0.1", listen), ask);
      const old = await start("old");
      await eventually(async () => await whoNow() === "old", { what: "the port to lead to it" });
      const session = new Client(client("127.0.0.1", listen));
      assert.equal(await session.ask(ask), "old");
      await start("new");
      await eventually(async () => await whoNow() === "new", { what: "both to be asked" });
      const stopping = docker("stop", "-t", "60", old);
      await eventually(
        async () => / [\d.]+\.\d+ [02] [18] 1 1 /.test(await router.ask("show servers state")),
        {
          what: "HAProxy to send it nothing new",
        },
      );
      for (let times = 0; times < 6; times++) {
        assert.equal(await whoNow(), "new");
        assert.equal(await session.ask(ask), "old");
      }
      await session[Symbol.asyncDispose]();
      if (name === "redis") await docker("kill", old);
      await stopping;
      assert.equal(await whoNow(), "new");
    },
    { isIgnored },
  );
}

/** What a client says to one question. */
async function runWith(command: readonly string[], question: string): Promise<string> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${question}\n`));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trim();
}
