/**
 * The load generator, a process of its own: open-loop, so that latency counts from the scheduled time. It takes its
 * orders as JSON in its argument, ends when its standard input ends, and prints what happened as JSON. A blank line
 * before that tells that its requests begin.
 */
import { now, RawConnection, requestText } from "./raw_http.ts";

/** What to ask for, and how often. */
export interface LoadOrder {
  readonly port: number;
  readonly perSecond: number;
  /** Use connections again; else each request has one of its own. */
  readonly isKept: boolean;
  /** Each host's share of the requests is its share of this list. */
  readonly hosts: readonly string[];
  /** Every so many requests is a POST; 0 for none. */
  readonly postEvery: number;
  /** What each request says of itself: `ann:secret`, as a browser does once it was asked. */
  readonly credentials?: string;
}

/** A request that was not answered as it should be. */
export interface Failure {
  /** When it was scheduled, milliseconds since 1970. */
  readonly at: number;
  readonly id: string;
  readonly host: string;
  readonly method: "GET" | "POST";
  readonly tookMs: number;
  readonly what: string;
}

/** What a load gave: each request's scheduled time, latency and host, and those that failed. */
export interface LoadResult {
  readonly samples: readonly (readonly [at: number, tookMs: number, host: number, count: number])[];
  /** What each id begins with; the count follows. */
  readonly run: string;
  readonly failures: readonly Failure[];
  /** How late the generator itself was at worst, in milliseconds: beyond a few, it was starved. */
  readonly lateMs: number;
}

/** The longest that a request may take before it counts as failed, in milliseconds. */
const REQUEST_LIMIT_MS = 15_000;
/** Loopback addresses that share the load, so that ports do not run out. */
const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];

class Load {
  readonly samples: [number, number, number, number][] = [];
  readonly failures: Failure[] = [];
  readonly idle: RawConnection[] = [];
  readonly hosts: string[];
  readonly run = crypto.randomUUID().slice(0, 8);
  readonly fields: string;
  lateMs = 0;
  underWay = 0;

  constructor(readonly order: LoadOrder) {
    this.hosts = [...new Set(order.hosts)];
    const { credentials } = order;
    this.fields = credentials === undefined ? "" : `Authorization: Basic ${btoa(credentials)}\r\n`;
  }

  async fire(at: number, count: number): Promise<void> {
    const { order } = this;
    this.underWay++;
    this.lateMs = Math.max(this.lateMs, now() - at);
    const host = order.hosts[count % order.hosts.length] ?? "";
    // Hosts and methods repeat with different periods, so that each host gets its POSTs.
    const isPost = order.postEvery > 0 && Math.floor(count / order.hosts.length) % order.postEvery === 0;
    const id = `${this.run}-${count}`;
    const what = await this.#ask(host, isPost, id, count).catch((error) => `${error.message ?? error}`);
    const tookMs = now() - at;
    this.samples.push([at, tookMs, this.hosts.indexOf(host), count]);
    if (what !== undefined) {
      this.failures.push({ at, id, host, method: isPost ? "POST" : "GET", tookMs, what });
    }
    this.underWay--;
  }

  /** Undefined where the answer is right. */
  async #ask(host: string, isPost: boolean, id: string, count: number): Promise<string | undefined> {
    const path = isPost ? `/cgi-bin/post?id=${id}` : `/?id=${id}`;
    const connection = await this.#connection(count);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      connection.close();
    }, REQUEST_LIMIT_MS);
    try {
      const answer = await connection.ask(requestText(host, path, isPost, this.order.isKept, this.fields));
      if (this.order.isKept && answer.isKept && !connection.isEnded) this.idle.push(connection);
      else connection.close();
      if (answer.status !== 200) return `status ${answer.status}`;
      return answer.body.includes(`${host}#`) ? undefined : `body of another: ${answer.body.slice(0, 40)}`;
    } catch (error) {
      connection.close();
      return isLate ? `no answer within ${REQUEST_LIMIT_MS} ms` : (error as Error).message;
    } finally {
      clearTimeout(timer);
    }
  }

  async #connection(count: number): Promise<RawConnection> {
    for (let kept = this.idle.shift(); kept !== undefined; kept = this.idle.shift()) {
      if (!kept.isEnded) return kept;
      kept.close();
    }
    return await RawConnection.open(ADDRESSES[count % ADDRESSES.length] ?? "", this.order.port);
  }
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

async function main(order: LoadOrder): Promise<void> {
  const load = new Load(order);
  let isOver = false;
  void (async () => {
    for await (const _ of Deno.stdin.readable) { /* Its end alone counts. */ }
    isOver = true;
  })();
  // Kept connections are opened beforehand, as those of clients that have been there for long.
  if (order.isKept) {
    for (let at = 0; at < 50; at++) {
      load.idle.push(await RawConnection.open(ADDRESSES[at % 4] ?? "", order.port));
    }
  }
  await Deno.stdout.write(new TextEncoder().encode("\n"));
  const start = now();
  for (let count = 0; !isOver; await tick()) {
    for (; start + count * 1_000 / order.perSecond <= now(); count++) {
      void load.fire(start + count * 1_000 / order.perSecond, count);
    }
  }
  const end = now() + REQUEST_LIMIT_MS + 1_000;
  while (load.underWay > 0 && now() < end) await tick();
  for (const connection of load.idle) connection.close();
  const { samples, failures, lateMs, run } = load;
  const text = JSON.stringify({ samples, run, failures, lateMs } satisfies LoadResult);
  // Whoever asked for it may have been ended meanwhile.
  await new Blob([text]).stream().pipeTo(Deno.stdout.writable).catch(() => {});
  Deno.exit(0);
}

if (import.meta.main) await main(JSON.parse(Deno.args[0] ?? "{}"));
