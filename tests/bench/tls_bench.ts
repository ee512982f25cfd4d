/**
 * Measures what HTTPS costs and how soon it is there: handshakes beside a bare HAProxy with the same certificate, certificates
 * that are replaced under load, and the first certificate of a new host from a real authority.
 * `deno run -A tests/bench/tls_bench.ts [--quick]`, or `scripts/dev bench --only=tls`.
 */
import { connect } from "node:tls";
import { eventsOf } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { freePort } from "../harness/http.ts";
import { noPebble, startPebble } from "../harness/pebble.ts";
import { type RunningProgram, startProgram } from "../harness/program.ts";
import { makeCertificate } from "../live/certificates.ts";
import { formatTable, median, type Row } from "./statistics.ts";

const isQuick = Deno.args.includes("--quick");
const SECONDS = isQuick ? 3 : 8;
const HOST = "www.example.com";
const PER_SECOND = 2_000;
const CLIENTS = 40;
const LOAD_SECONDS = isQuick ? 6 : 20;
const NEW_HOSTS = isQuick ? 5 : 20;

/** Handshakes that one client makes one after the other, without resuming, in a second. */
async function handshakesOf(port: number): Promise<number> {
  const { stdout } = await new Deno.Command("openssl", {
    args: ["s_time", "-connect", `127.0.0.1:${port}`, "-new", "-time", `${SECONDS}`],
    stdin: "null",
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  // "812 connections in 3 real seconds, 0 bytes read per connection"
  const [, count = "0", seconds = "1"] = /(\d+) connections in (\d+) real seconds/.exec(text) ?? [];
  return Number(count) / Number(seconds);
}

/** Serves one host over HTTPS by an HAProxy that has nothing else to do. */
async function startBare(
  path: string,
  folder: string,
  origin: number,
  pem: string,
): Promise<[number, Deno.ChildProcess]> {
  const port = freePort();
  const file = `${folder}/bare.cfg`;
  await Deno.writeTextFile(
    file,
    `global
 ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
defaults
 mode http
 timeout connect 5s
 timeout client 60s
 timeout server 60s
frontend f
 bind 127.0.0.1:${port} ssl crt ${pem} alpn h2,http/1.1
 default_backend b
backend b
 server s 127.0.0.1:${origin}
`,
  );
  const child = new Deno.Command(path, {
    args: ["-db", "-f", file],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return [port, child];
}

type Started = { readonly program: RunningProgram; readonly httpPort: number; readonly httpsPort: number };

/** Starts signalbox with routes of a file, which `route` writes anew. */
async function start(folder: string, flags: readonly string[], httpPort = freePort()): Promise<Started> {
  const httpsPort = freePort();
  await Deno.writeTextFile(`${folder}/none.json`, "[]");
  const program = startProgram([
    ...["run", "--snapshot", `${folder}/none.json`, "--routes", `${folder}/routes.json`],
    ...["--state-dir", await Deno.makeTempDir({ dir: folder, prefix: "s" }), "--bind", "127.0.0.1"],
    ...["--http-port", `${httpPort}`, "--https-port", `${httpsPort}`, ...flags],
  ]);
  return { program, httpPort, httpsPort };
}

async function route(folder: string, origin: number, hosts: readonly string[]): Promise<void> {
  const list = hosts.map((hostname) => ({ hostname, servers: [`127.0.0.1:${origin}`] }));
  await Deno.writeTextFile(`${folder}/routes.json.new`, JSON.stringify(list));
  await Deno.rename(`${folder}/routes.json.new`, `${folder}/routes.json`);
}

/** The certificate that clients of a host get: its issuer and SHA-1; the connection is closed at once. */
function served(port: number, host: string): Promise<{ readonly issuer: string; readonly print: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: host, rejectUnauthorized: false }, () => {
      const { issuer, fingerprint } = socket.getPeerCertificate();
      resolve({ issuer: JSON.stringify(issuer ?? {}), print: fingerprint ?? "" });
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

/** Requests over HTTPS at a steady pace, over kept connections, by h2load of Debian's nghttp2-client. */
class SecureLoad {
  readonly #ended: Promise<Deno.CommandOutput>;

  constructor(readonly port: number, seconds: number) {
    this.#ended = new Deno.Command("h2load", {
      args: [
        ...[
          "--h1",
          "--clients",
          `${CLIENTS}`,
          "--rps",
          `${PER_SECOND / CLIENTS}`,
          "--duration",
          `${seconds}`,
        ],
        ...["--connect-to", `127.0.0.1:${port}`, `https://${HOST}:${port}/`],
      ],
      stdin: "null",
      stderr: "null",
    }).output();
  }

  /** How many requests were answered, and how many were not, or not with 200. */
  async end(): Promise<{ readonly good: number; readonly bad: number }> {
    const text = new TextDecoder().decode((await this.#ended).stdout);
    // "requests: 200 total, 200 started, 200 done, 200 succeeded, 0 failed, 0 errored, 0 timeout"
    const number = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(text)?.[1] ?? NaN);
    return { good: number("2xx"), bad: number("failed") + number("3xx") + number("4xx") + number("5xx") };
  }
}

async function handshakes(folder: string, origin: number): Promise<Row> {
  const [haproxy] = await haproxies();
  if (haproxy === undefined) throw new Error("There is no haproxy here");
  const { path: pem } = await makeCertificate(folder, HOST);
  const [barePort, bare] = await startBare(haproxy.path, folder, origin, pem);
  await route(folder, origin, [HOST]);
  const { program, httpsPort } = await start(folder, ["--tls-cert", pem]);
  try {
    for (const port of [barePort, httpsPort]) {
      await eventually(async () => (await served(port, HOST)).print !== "", {
        what: "HTTPS",
        limitMs: 20_000,
      });
    }
    const rates = { bare: [] as number[], ours: [] as number[] };
    // In turns: what else the machine does touches both alike.
    for (let round = 0; round < (isQuick ? 1 : 3); round++) {
      rates.bare.push(await handshakesOf(barePort));
      rates.ours.push(await handshakesOf(httpsPort));
    }
    const [bareRate, ourRate] = [median(rates.bare), median(rates.ours)];
    return {
      measure: "handshakes, none resumed",
      aim: "",
      result: `${ourRate.toFixed(0)} a second; ${(ourRate / bareRate).toFixed(2)} × of a bare HAProxy (${
        bareRate.toFixed(0)
      })`,
      load: "one client",
    };
  } finally {
    await program.stop();
    bare.kill("SIGTERM");
    await bare.status;
  }
}

async function replacing(folder: string, origin: number): Promise<Row> {
  const certificates = `${folder}/certificates`;
  await Deno.mkdir(certificates);
  const path = `${certificates}/${HOST}.pem`;
  await makeCertificate(folder, HOST, path);
  await route(folder, origin, [HOST]);
  const { program, httpsPort } = await start(folder, ["--tls-cert", certificates]);
  try {
    await eventually(async () => /www/.test((await served(httpsPort, HOST)).issuer), {
      what: "HTTPS",
      limitMs: 20_000,
    });
    const load = new SecureLoad(httpsPort, LOAD_SECONDS);
    const took: number[] = [];
    let { print } = await served(httpsPort, HOST);
    // The last one is replaced while there is still load.
    for (const until = performance.now() + (LOAD_SECONDS - 2) * 1_000; performance.now() < until;) {
      await makeCertificate(folder, HOST, path);
      const at = performance.now();
      await eventually(async () => {
        const now = (await served(httpsPort, HOST)).print;
        if (now === print) return false;
        print = now;
        return true;
      }, { what: "the new certificate", everyMs: 5, limitMs: 30_000 });
      took.push(performance.now() - at);
    }
    const { good, bad } = await load.end();
    const reloads = eventsOf(program.lines, "reloaded").length - 1;
    return {
      measure: "a certificate's file is replaced under load",
      aim: "0 failed",
      result: `${bad} of ${good + bad} failed, ${reloads} reloads; served after ${
        median(took).toFixed(0)
      } ms`,
      load: `${PER_SECOND} requests a second, replaced ${took.length} times`,
      holds: bad === 0 && reloads === 0,
    };
  } finally {
    await program.stop();
  }
}

async function firstCertificate(folder: string, origin: number): Promise<Row | undefined> {
  if (noPebble !== undefined) return undefined;
  const httpPort = freePort();
  await using pebble = await startPebble({ httpPort, tlsPort: freePort() });
  const hosts = ["first.example.com"];
  await route(folder, origin, hosts);
  const { program, httpsPort } = await start(folder, [
    ...["--acme-email", "me@example.com", "--acme-directory", pebble.directory, "--acme-ca", pebble.ca],
    ...["--acme-storage", `${folder}/storage`, "--acme-unchecked"],
  ], httpPort);
  try {
    const isServed = async (host: string) => /[Pp]ebble/.test((await served(httpsPort, host)).issuer);
    await eventually(() => isServed("first.example.com"), { what: "the first certificate", limitMs: 30_000 });
    const took: number[] = [];
    for (let count = 0; count < NEW_HOSTS; count++) {
      const host = `host-${count}.example.com`;
      hosts.push(host);
      const at = performance.now();
      await route(folder, origin, hosts);
      await eventually(() => isServed(host), {
        what: `the certificate of ${host}`,
        everyMs: 5,
        limitMs: 30_000,
      });
      took.push(performance.now() - at);
    }
    const most = Math.max(...took);
    return {
      measure: "a new host's certificate is served, by pebble",
      aim: "< 2 s",
      result: `${(median(took) / 1_000).toFixed(2)} s, at most ${(most / 1_000).toFixed(2)} s`,
      load: `${NEW_HOSTS} hosts, one after the other`,
      holds: most < 2_000,
    };
  } finally {
    await program.stop();
  }
}

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-tls-" });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("served\n"),
  );
  const rows: Row[] = [];
  try {
    for (const measure of [handshakes, replacing, firstCertificate]) {
      const row = await measure(folder, server.addr.port);
      if (row === undefined) continue;
      rows.push(row);
      console.error(`bench: ${row.measure}: ${row.result}`);
    }
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  }
  console.log(formatTable(rows));
}

if (import.meta.main) await main();
