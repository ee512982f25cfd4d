/** Certificates by themselves, as users have them: signalbox, its HAProxy and a real authority. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { eventsOf } from "../harness/events.ts";
import { eventually, freePort, httpGet, type RunningProgram } from "../harness/program.ts";
import { makePem } from "../faults/pem.ts";
import { acme } from "./acme_stage.ts";

/** The certificate of a storage, once it is there. */
function certificateIn(storage: string, name: string): Promise<X509Certificate> {
  return eventually(async () => {
    const text = await Deno.readTextFile(`${storage}/certificates/${name}.pem`);
    return new X509Certificate(text.slice(text.indexOf("-----BEGIN CERT")));
  }, { what: `the certificate of ${name}`, limitMs: 60_000 });
}

/** Issuer and names of the certificate that a client gets which asks for a host. */
async function namesServed(port: number, host: string): Promise<string> {
  const script = `openssl s_client -connect 127.0.0.1:${port} -servername ${host} </dev/null 2>/dev/null |
    openssl x509 -noout -issuer -ext subjectAltName`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

/** The hosts of each order, in their order. */
const orders = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.includes('"msg":"orders a certificate"')).map((line) =>
    `${JSON.parse(line).hosts}`
  );

/** Waits until so many certificates were told of. */
const fetched = (program: RunningProgram, count: number) =>
  eventually(() => eventsOf(program.lines, "certificate-fetched").length === count, {
    what: `${count} certificates`,
    limitMs: 60_000,
  });

acme(
  "a host that is routed has a certificate a moment later, and all files are their owner's alone",
  {},
  async (stage) => {
    const { storage, start } = stage;
    const { program, route, httpsPort } = await start({ hosts: [["web.example.com", "www.example.com"]] });
    const certificate = await certificateIn(storage, "web.example.com");
    assert.equal(certificate.subjectAltName, "DNS:web.example.com, DNS:www.example.com");
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.match(
      await Deno.readTextFile(`${storage}/certificates/web.example.com.pem`),
      /-----BEGIN PRIVATE KEY-----/,
    );
    for (const path of ["account.pem", "record.json", "leader", "certificates/web.example.com.pem"]) {
      assert.equal(((await Deno.stat(`${storage}/${path}`)).mode ?? 0) & 0o777, 0o600, path);
    }
    assert.equal(((await Deno.stat(`${storage}/certificates`)).mode ?? 0) & 0o777, 0o700);
    await eventually(
      async () => /DNS:www[.]example[.]com/.test(await namesServed(httpsPort, "www.example.com")),
      {
        what: "HTTPS with the certificate",
      },
    );
    assert.match(
      await namesServed(httpsPort, "other.example.com"),
      /self-signed/,
      "others get the one that says so",
    );
    await route("web.example.com", "next.example.com", "nowhere.internal-name_x.com");
    await certificateIn(storage, "next.example.com");
    await fetched(program, 2);
  },
);

acme(
  "hosts that are refused, closed and redirected have their certificates, too; those that say no have none",
  {},
  async (stage) => {
    const { storage, start, pebble } = stage;
    const { routeAll, program } = await start();
    await routeAll([
      { hostname: "shut.example.com", allow_from: ["192.0.2.1"] },
      { hostname: "down.example.com", maintenance: true },
      { hostname: "moved.example.com", redirects: ["~/(.*) https://away.example.com/\\1"] },
      { hostname: "own.example.com", acme: false },
    ]);
    for (const name of ["shut", "down", "moved"]) await certificateIn(storage, `${name}.example.com`);
    await fetched(program, 3);
    assert.doesNotMatch(pebble.lines.join("\n"), /(?<![a-z])own[.]example[.]com/);
  },
);

acme(
  "a host of TCP whose TLS HAProxy ends has its certificate, on its own port and beside hosts of HTTP",
  {},
  async ({ start }) => {
    const port = freePort();
    const { routeAll, program, httpsPort } = await start({ flags: ["--tcp-ports", `${port}`] });
    const ended = { protocol: "tls", ssl_passthrough: false };
    await routeAll([
      { hostname: "db.example.com", ...ended, listen_port: port },
      { hostname: "mail.example.com", ...ended },
      { hostname: "web.example.com" },
    ]);
    await fetched(program, 3);
    for (
      const [host, at] of [["db", port], ["mail", httpsPort], ["web", httpsPort]] as const
    ) {
      const name = `${host}.example.com`;
      await eventually(
        async () =>
          /issuer=.*[Pp]ebble[^]*DNS:/.test(await namesServed(at, name)) &&
          (await namesServed(at, name)).includes(`DNS:${name}`),
        { what: `the certificate of ${name} at its port`, limitMs: 60_000 },
      );
    }
  },
);

acme("a signalbox that is killed in the middle of an order goes on where it was, with the same account", {
  env: { PEBBLE_VA_NOSLEEP: "0", PEBBLE_VA_SLEEPTIME: "2" },
}, async (stage) => {
  const { storage, start, pebble } = stage;
  const first = await start({ hosts: ["killed.example.com"] });
  await eventually(() => pebble.lines.some((line) => /killed[.]example[.]com/.test(line)), {
    what: "the order",
  });
  first.program.kill("SIGKILL");
  await first.program.exited;
  const key = await Deno.readTextFile(`${storage}/account.pem`);
  const second = await start({ hosts: ["killed.example.com"], stateDir: first.stateDir });
  await certificateIn(storage, "killed.example.com");
  assert.equal(await Deno.readTextFile(`${storage}/account.pem`), key);
  assert.deepEqual(eventsOf(second.program.lines, "certificate-failed"), []);
});

acme(
  "of two signalboxes on one storage one asks, the other answers the authority, and both serve the certificate",
  {},
  async ({ start, port }) => {
    const host = "shared.example.com";
    const leader = await start({ port: freePort() });
    await eventually(() => eventsOf(leader.program.lines, "certificates-led").length > 0, {
      what: "the leader",
    });
    const other = await start({ hosts: [host], port });
    await eventually(async () => (await httpGet({ port, host })).status === 200, {
      what: "the other's host",
    });
    await leader.route(host);
    await fetched(leader.program, 1);
    for (const { httpsPort } of [leader, other]) {
      await eventually(
        async () => /ebble[^]*DNS:shared[.]example[.]com/.test(await namesServed(httpsPort, host)),
        {
          what: "the certificate",
          limitMs: 60_000,
        },
      );
    }
    for (const kind of ["certificates-led", "certificate-fetched"] as const) {
      assert.deepEqual(eventsOf(other.program.lines, kind), []);
    }
    assert.deepEqual(eventsOf(leader.program.lines, "certificate-failed"), []);
  },
);

/** SIGNALBOX_TEST_ALL=1 has two hundred; else there are as many as make the authority's pace felt. */
const MANY = Deno.env.get("SIGNALBOX_TEST_ALL") === undefined ? 40 : 200;

acme(`${MANY} hosts have their certificates under load, and no request fails`, {
  env: { PEBBLE_WFE_NONCEREJECT: "10" },
}, async (stage) => {
  const { storage, start, port } = stage;
  const hosts = Array.from({ length: MANY }, (_, at) => `h${at}.example.com`);
  const { program } = await start({ hosts });
  await eventually(async () => (await httpGet({ port, host: "h0.example.com" })).status === 200, {
    what: "the host",
  });
  const statuses = new Map<number, number>();
  let isDone = false;
  const load = Promise.all(Array.from({ length: 8 }, async (_, at) => {
    while (!isDone) {
      const { status } = await httpGet({ port, host: `h${at}.example.com` });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }));
  try {
    await eventually(
      async () => (await Array.fromAsync(Deno.readDir(`${storage}/certificates`))).length === MANY,
      {
        what: "all certificates",
        limitMs: 240_000,
      },
    );
  } finally {
    isDone = true;
    await load;
  }
  assert.deepEqual([...statuses.keys()], [200]);
  assert.deepEqual(eventsOf(program.lines, "certificate-failed"), []);
  assert.equal(new Set(orders(program.lines)).size, orders(program.lines).length, "none is asked for twice");
  assert.equal(eventsOf(program.lines, "reloaded").length, 1, "only the first load");
});

acme(
  "who mends the file of --acme-ca and sends SIGHUP has certificates at once, also after a restart",
  {},
  async (stage) => {
    const { storage, start, folder, pebble } = stage;
    const ca = `${folder}/mine.pem`;
    const right = await Deno.readTextFile(pebble.ca);
    await Deno.writeTextFile(ca, await makePem(folder, "another.example.com"));
    const flags = ["--acme-ca", ca];
    const { program, stateDir, port, httpsPort } = await start({ hosts: ["one.example.com"], flags });
    await eventually(() => eventsOf(program.lines, "authority-failed").length > 0, { what: "the refusal" });
    await Deno.writeTextFile(ca, right);
    program.kill("SIGHUP");
    // The first failure alone would be waited for longer.
    await fetchedWithin(program, 30_000);
    await program.stop();
    await Deno.writeTextFile(ca, await makePem(folder, "another.example.com"));
    const place = { hosts: ["one.example.com", "two.example.com"], stateDir, port, httpsPort };
    const wrong = await start({ ...place, flags });
    await eventually(() => eventsOf(wrong.program.lines, "authority-failed").length > 0, {
      what: "the second refusal",
    });
    await wrong.program.stop();
    const next = await start(place);
    await fetchedWithin(next.program, 30_000);
    assert.equal((await certificateIn(storage, "two.example.com")).subjectAltName, "DNS:two.example.com");
  },
);

/** Waits until a certificate was told of, for so long. */
const fetchedWithin = (program: RunningProgram, limitMs: number) =>
  eventually(() => eventsOf(program.lines, "certificate-fetched").length > 0, {
    what: "a certificate",
    limitMs,
  });
