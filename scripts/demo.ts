/** Shows signalbox at work on this machine: `scripts/dev demo [--once] [--docker]`. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  eventually,
  freePort,
  httpGet,
  type RunningProgram,
  startProgram,
} from "../tests/harness/program.ts";
import { realContainers } from "./demo_containers.ts";
import { type Cast, standIns } from "./demo_stand_ins.ts";

const CACHE = fileURLToPath(new URL("../.cache/", import.meta.url));
const SHOP = "shop.demo.local";
const BLOG = "blog.demo.local";

const say = (text = "") => console.log(text);

/** Counts who answered, and what did not get a good answer. */
class Tally {
  readonly byServer = new Map<string, number>();
  sent = 0;
  failed = 0;

  constructor(private readonly port: number) {}

  async ask(host: string): Promise<void> {
    this.sent++;
    try {
      const { status, body } = await httpGet({ port: this.port, host, limitMs: 5000 });
      if (status !== 200) throw new Error(`status ${status}`);
      const name = body.trim();
      this.byServer.set(name, (this.byServer.get(name) ?? 0) + 1);
    } catch {
      this.failed++;
    }
  }

  toString(): string {
    const shares = [...this.byServer].sort().map(([name, count]) => `${name} answered ${count}`);
    return `${this.sent} requests: ${shares.join(", ")}; ${this.failed} failed`;
  }
}

/** Keeps asking, one request after the other, while something else happens; returns the count. */
async function during(port: number, happening: (tally: Tally) => Promise<void>): Promise<Tally> {
  const tally = new Tally(port);
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      await tally.ask(SHOP);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  try {
    await happening(tally);
  } finally {
    isOver = true;
    await asking;
  }
  return tally;
}

/** Waits until a server has answered. */
async function untilSeen(tally: Tally, name: string): Promise<void> {
  await eventually(() => tally.byServer.has(name), { what: `${name} to answer`, limitMs: 20_000 });
}

/** Waits until fifty answers in a row came from others. */
async function untilGone(tally: Tally, name: string): Promise<void> {
  let seen = -1;
  let since = 0;
  await eventually(() => {
    const now = tally.byServer.get(name) ?? 0;
    if (now !== seen) [seen, since] = [now, tally.sent];
    return tally.sent - since >= 50;
  }, { what: `${name} to get no more requests`, limitMs: 20_000 });
}

async function firstAnswer(signalbox: RunningProgram, port: number): Promise<void> {
  const answered = eventually(
    async () => (await httpGet({ port, host: SHOP, limitMs: 1000 })).status === 200,
    { what: "the first answer", limitMs: 30_000 },
  );
  const ended = signalbox.exited.then((code) => {
    throw new Error(`signalbox ended with ${code}`);
  });
  await Promise.race([answered, ended]).catch((error: Error) => {
    throw new Error(`${error.message}. It said:\n${signalbox.lines.join("\n")}`);
  });
}

/** The story, told while it happens; returns how many requests failed. */
async function story(cast: Cast, port: number): Promise<number> {
  say(`\n1. Two servers for one host: both "shop-1" and "shop-2" say that they are ${SHOP}.`);
  const spread = new Tally(port);
  for (let i = 0; i < 100; i++) await spread.ask(SHOP);
  say(`   ${spread}.`);

  say(`\n2. A server joins, while requests keep coming.`);
  const joining = await during(port, async (tally) => {
    await cast.join("shop-3", SHOP);
    await untilSeen(tally, "shop-3");
    const enough = tally.sent + 50;
    await eventually(() => tally.sent >= enough, { what: "fifty more requests" });
  });
  say(`   ${joining}.`);

  say(`\n3. A server leaves, while requests keep coming.`);
  const leaving = await during(port, async (tally) => {
    await untilSeen(tally, "shop-1");
    await cast.leave("shop-1", () => untilGone(tally, "shop-1"));
    await untilGone(tally, "shop-1");
  });
  say(`   ${leaving}.`);

  say(`\n4. Another host, and one that nobody serves.`);
  await cast.join("blog-1", BLOG);
  const blog = await eventually(async () => {
    const answer = await httpGet({ port, host: BLOG });
    return answer.status === 200 && answer;
  }, { what: `${BLOG} to answer` });
  say(
    `   ${BLOG} is answered by ${blog.body.trim()}; nobody.demo.local gets ${
      (await httpGet({ port, host: "nobody.demo.local" })).status
    }.`,
  );
  return spread.failed + joining.failed + leaving.failed;
}

async function demo(isOnce: boolean, withDocker: boolean): Promise<number> {
  await Deno.mkdir(CACHE, { recursive: true });
  // A socket's path has 107 characters at most, so that a clone that lies deep cannot hold it.
  const area = await Deno.makeTempDir({ prefix: "demo-", ...(CACHE.length < 60 ? { dir: CACHE } : {}) });
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, resolve);
  });
  const cast = withDocker ? await realContainers() : await standIns(join(area, "snapshot.json"));
  let signalbox: RunningProgram | undefined;
  let isOver = false;
  try {
    const play = async () => {
      const port = freePort();
      say(
        `Starting two small web servers as ${cast.kind}, and signalbox with an HAProxy of its own in front of them …`,
      );
      await cast.join("shop-1", SHOP);
      await cast.join("shop-2", SHOP);
      const config = join(area, "config", "haproxy.cfg");
      await Deno.mkdir(join(area, "config"));
      if (isOver) return 0;
      signalbox = startProgram(
        [
          "run",
          ...cast.flags,
          "--http-port",
          `${port}`,
          "--bind",
          "127.0.0.1",
          "--state-dir",
          join(area, "state"),
        ]
          .concat(["--config", config, "--log-format", "text", "--log-level", "warn"]),
      );
      await firstAnswer(signalbox, port);
      const failed = await story(cast, port);
      say(`\nIn all ${failed} requests failed.`);
      if (isOnce) return failed;
      say(`\nTry it yourself:         curl -H 'Host: ${SHOP}' http://127.0.0.1:${port}/`);
      say(`What HAProxy was given:  ${config}`);
      say(`${cast.hint}\nCtrl-C ends it all.`);
      await interrupted;
      return failed;
    };
    return await Promise.race([play(), interrupted.then(() => 0)]);
  } finally {
    isOver = true;
    say("\nEnding: signalbox, its HAProxy and the servers …");
    // What went wrong at the end is told, and the rest is cleared away all the same.
    await signalbox?.stop().catch((error: Error) => console.error(error.message));
    await cast.end();
    await Deno.remove(area, { recursive: true });
    say("Nothing is left running.");
  }
}

const unknown = Deno.args.find((word) => word !== "--once" && word !== "--docker");
if (unknown !== undefined) {
  console.error(`Cannot read the argument "${unknown}": the demo knows --once and --docker.`);
  Deno.exit(2);
}
try {
  Deno.exit(await demo(Deno.args.includes("--once"), Deno.args.includes("--docker")) === 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
