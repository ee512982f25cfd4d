/** Proxies and balancers in front: who the client is by what trusted ones say, and that nobody else is believed. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { Echo, sendHead, sendRaw, statusOf } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { parseIp } from "../../lib/core/values/names.ts";
import { certificate } from "./certificate.ts";
import { freePort } from "../harness/http.ts";
import { called, onStage, programs, send, type Stage } from "./stage.ts";

const snapshotOf = (port: number) =>
  JSON.stringify([
    containerOf("c", port, [
      { hostname: "own.local" },
      { hostname: "lan.local", allow_from: ["internal"] },
      { hostname: "shut.local", deny_from: ["192.0.2.0/24"] },
      { hostname: "six.local", allow_from: ["::/0"], deny_from: ["192.0.2.0/24"] },
      { hostname: "rate.local", rate_limit: "1/1h" },
      { hostname: "tls.local", ssl_only: true, hsts: "max-age=60" },
    ]),
  ]);

/** IPv6 addresses that have an IPv4 one in them: ::/96, 6to4, behind translators, Teredo. */
const WITHIN: readonly string[] = [
  ...["::IPV4", "2002:IPV4::1", "::ffff:0:IPV4", "64:ff9b::IPV4", "64:ff9b:1::IPV4", "64:ff9b:1:2:3:4:IPV4"],
  ...["2001::TURNED", "2001:0:1:2:3:4:TURNED"],
];

/** What the container got of a header; absent where it got none. */
const headerOf = (answer: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*?)\r?$`, "im").exec(answer.split("\r\n\r\n").slice(1).join("\n") + "\r\n")?.[1];

for (const program of programs) {
  const test = (
    sentence: string,
    settings: Readonly<Record<string, string>>,
    act: (stage: Stage, echo: Echo) => Promise<void>,
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using echo = new Echo();
      await onStage(program, { settings }, async (stage) => {
        await stage.apply(want(stage.routing, snapshotOf(echo.port), {}));
        await act(stage, echo);
      });
    });
  const ask = (stage: Stage, host: string, ...headers: readonly string[]) =>
    sendHead(stage.httpPort, "GET / HTTP/1.1", `Host: ${host}`, "Connection: close", ...headers);

  test("a trusted proxy says who its client is, over several hops", {
    "trusted-proxies": "127.0.0.0/8, 10.9.0.0/16,2001:db8:9::/48",
  }, async (stage) => {
    const clientOf = async (...headers: readonly string[]) => {
      const answer = await ask(stage, "own.local", ...headers);
      const [one, two] = [headerOf(answer, "X-Forwarded-For"), headerOf(answer, "X-Real-IP")];
      assert.equal(one, two);
      return statusOf(answer) === "200" ? one : statusOf(answer);
    };
    assert.equal(await clientOf(), "127.0.0.1");
    assert.equal(await clientOf("X-Forwarded-For: 192.0.2.1"), "192.0.2.1");
    assert.equal(await clientOf("X-Forwarded-For: 198.51.100.9, 192.0.2.1"), "192.0.2.1");
    assert.equal(await clientOf("X-Forwarded-For: 198.51.100.9, 192.0.2.1, 10.9.0.1"), "192.0.2.1");
    assert.equal(
      await clientOf("X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.9.0.1, 2001:db8:9::1"),
      "192.0.2.1",
    );
    assert.equal(await clientOf("X-Forwarded-For: 2001:db8::5, 10.9.0.1"), "2001:db8::5");
    // An IPv6 address that has a trusted IPv4 one in it is another machine's: it leads on to none before it.
    for (const other of WITHIN) {
      const six = other.replace("IPV4", "a09:1").replace("TURNED", "f5f6:fffe");
      const told = await clientOf(`X-Forwarded-For: 192.0.2.1, ${six}`);
      assert.deepEqual(parseIp(told ?? ""), parseIp(six));
      assert.deepEqual(
        parseIp(await clientOf(`Forwarded: for=192.0.2.1, for="[${six}]"`) ?? ""),
        parseIp(six),
      );
    }
    // One that is an IPv4 address (RFC 4291, section 2.5.5.2) is that proxy's.
    assert.equal(await clientOf("X-Forwarded-For: 192.0.2.1, ::ffff:10.9.0.1"), "192.0.2.1");
    assert.equal(await clientOf("X-Forwarded-For: [2001:db8::5]:4711"), "2001:db8::5");
    assert.equal(await clientOf("X-Forwarded-For: 192.0.2.1:4711"), "192.0.2.1");
    assert.equal(
      await clientOf("X-Forwarded-For: 192.0.2.9, 10.9.0.1, 10.9.0.2, 10.9.0.3, 10.9.0.4"),
      "192.0.2.9",
    );
    assert.equal(await clientOf("Forwarded: for=198.51.100.9, for=192.0.2.1;proto=https"), "192.0.2.1");
    assert.equal(await clientOf('Forwarded: for="[2001:db8::5]:4711"'), "2001:db8::5");
    assert.equal(await clientOf('Forwarded: for=192.0.2.1, for="[2001:db8:9::1]"'), "192.0.2.1");
    // X-Forwarded-For counts where there are both.
    assert.equal(await clientOf("Forwarded: for=198.51.100.9", "X-Forwarded-For: 192.0.2.1"), "192.0.2.1");
    // Whoever hides would pass for the proxy.
    for (
      const hidden of [
        "unknown",
        '"',
        '", 192.0.2.1',
        '192.0.2.1, "',
        "192.0.2.1, unknown",
        "unknown, 10.9.0.1",
        "",
      ]
    ) {
      assert.equal(await clientOf(`X-Forwarded-For: ${hidden}`), "400", hidden);
    }
    for (const hidden of ["for=unknown", 'for="x, for=192.0.2.1', "proto=https"]) {
      assert.equal(await clientOf(`Forwarded: ${hidden}`), "400", hidden);
    }
    // Each request of the proxy's connection is of its own client.
    const both = await sendRaw(
      stage.httpPort,
      [
        "GET /1 HTTP/1.1",
        "Host: lan.local",
        "X-Forwarded-For: 10.1.1.1",
        "",
        "GET /2 HTTP/1.1",
        "Host: lan.local",
      ]
        .concat("X-Forwarded-For: 192.0.2.1", "Connection: close", "", "").join("\r\n"),
    );
    assert.match(both, /^HTTP\/1.1 200/);
  });

  test("all lines of a client's and a trusted proxy's are one list", {
    "trusted-proxies": "127.0.0.0/8, 10.9.0.0/16,2001:db8:9::/48",
  }, async (stage) => {
    const clientOf = async (...headers: readonly string[]) => {
      const answer = await ask(stage, "own.local", ...headers);
      return statusOf(answer) === "200" ? headerOf(answer, "X-Real-IP") : statusOf(answer);
    };
    const six = '"[2001:db8:9::1]:4711"';
    const expected: readonly (readonly [client: string, ...lines: readonly string[]])[] = [
      ["192.0.2.1", "X-Forwarded-For: 198.51.100.9", "X-Forwarded-For: 192.0.2.1"],
      ["198.51.100.9", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 198.51.100.9"],
      // An address in brackets takes no other line away.
      ["192.0.2.1", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: [2001:db8:9::1]:4711"],
      ["192.0.2.1", "X-Forwarded-For: 198.51.100.9, 192.0.2.1", "X-Forwarded-For: [2001:db8:9::1], 10.9.0.1"],
      ["2001:db8::5", "X-Forwarded-For: 10.9.0.1, [2001:db8::5]:1", "X-Forwarded-For: 10.9.0.2"],
      ["192.0.2.1", "X-Forwarded-For: [2001:db8:9::1]", "X-Forwarded-For: 192.0.2.1"],
      ["400", 'X-Forwarded-For: "', "X-Forwarded-For: 192.0.2.1"],
      ["400", "X-Forwarded-For: 192.0.2.1", 'X-Forwarded-For: "'],
      ["400", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: "],
      ["400", "X-Forwarded-For: unknown", "X-Forwarded-For: 10.9.0.1"],
      ["192.0.2.1", "Forwarded: for=198.51.100.9", "Forwarded: for=192.0.2.1"],
      ["198.51.100.9", "Forwarded: for=192.0.2.1", "Forwarded: for=198.51.100.9"],
      ["192.0.2.1", "Forwarded: for=198.51.100.9, for=192.0.2.1", `Forwarded: for=${six}, for=10.9.0.1`],
      ["192.0.2.1", "Forwarded: for=192.0.2.1;by=_x", `Forwarded: by="_a,b" ; For=${six};proto=http`],
      ["400", "Forwarded: for=192.0.2.1", "Forwarded: proto=https"],
      ["400", "Forwarded: proto=https", "Forwarded: for=10.9.0.1"],
      // Half a pair of quotes would take other lines, or the next address, along.
      ["400", 'Forwarded: for="', "Forwarded: for=192.0.2.1"],
      ["400", 'Forwarded: for=192.0.2.1;by="', "Forwarded: for=10.9.0.1"],
      ["400", "Forwarded: for=192.0.2.1", 'Forwarded: for=10.9.0.1;by="'],
      ["400", 'Forwarded: for="192.0.2.1;by="x'],
      ["400", String.raw`Forwarded: for=192.0.2.1;by="\""`],
      // Nor where so many pairs stand before it that an expression gives up.
      [
        "400",
        `Forwarded: x=${'""'.repeat(4_500)}, ${
          "for=192.0.2.2, ".repeat(4)
        }for=192.0.2.1;by=", for=198.51.100.9`,
      ],
      ["400", `Forwarded: for=192.0.2.1;${"x=;".repeat(660)}for=198.51.100.9`],
      ["192.0.2.1", `Forwarded: ${"for=198.51.100.9, ".repeat(150)}for=192.0.2.1;by=${"x".repeat(900)}`],
      // Only a pair of its own tells the client, and one alone.
      ["192.0.2.1", 'Forwarded: host="x;for=198.51.100.9";for=192.0.2.1'],
      ["192.0.2.1", 'Forwarded: for=192.0.2.1;host="x;for=198.51.100.9,for=198.51.100.8"'],
      ["192.0.2.1", "Forwarded: xfor=198.51.100.9;for=192.0.2.1; by-for=198.51.100.8"],
      ["192.0.2.1", 'Forwarded: for=198.51.100.9, host="a, for=198.51.100.8";for="192.0.2.1:80"'],
      ["400", "Forwarded: xfor=192.0.2.1"],
      ["400", 'Forwarded: host="for=192.0.2.1"'],
      ["400", "Forwarded: for=192.0.2.1;for=198.51.100.9"],
      ["400", 'Forwarded: for=192.0.2.1;by="a;b"; for=10.9.0.1'],
      ["192.0.2.9", `Forwarded: for=198.51.100.9, for=192.0.2.9, ${"for=10.9.0.1, ".repeat(3)}for=10.9.0.2`],
    ];
    for (const [client, ...lines] of expected) assert.equal(await clientOf(...lines), client, lines.join());

    const seen = async (...lines: readonly string[]) => {
      const answer = await ask(stage, "own.local", ...lines);
      return ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"].map((name) =>
        headerOf(answer, name)
      );
    };
    const port = String(stage.httpPort);
    const plain = ["http", "own.local", port];
    assert.deepEqual(await seen('Forwarded: for=192.0.2.1;host="x;proto=https"'), plain);
    assert.deepEqual(await seen("Forwarded: for=192.0.2.1;xproto=https"), plain);
    assert.deepEqual(await seen("Forwarded: for=192.0.2.2;proto=https", "Forwarded: for=192.0.2.1"), plain);
    assert.deepEqual((await seen('Forwarded: for=192.0.2.1;proto="https";host=x'))[0], "https");
    // Where the proxy speaks by X-Forwarded-For, Forwarded is the client's.
    assert.deepEqual(await seen("X-Forwarded-For: 192.0.2.1", "Forwarded: proto=https"), plain);
    // What is looked at is what is taken.
    assert.deepEqual(await seen("X-Forwarded-Host: shop.example", "X-Forwarded-Host: a b"), plain);
    assert.deepEqual(await seen("X-Forwarded-Port: 8443", "X-Forwarded-Port: x"), plain);
  });

  test("lists and limits go by the client behind a trusted proxy, and so does the log", {
    "trusted-proxies": "internal",
    "access-log": "all",
  }, async (stage) => {
    const from = async (host: string, client: string) =>
      statusOf(await ask(stage, host, `X-Forwarded-For: ${client}`));
    assert.deepEqual([await from("lan.local", "192.0.2.1"), await from("lan.local", "10.0.0.1")], [
      "403",
      "200",
    ]);
    assert.deepEqual([await from("shut.local", "192.0.2.1"), await from("shut.local", "198.51.100.1")], [
      "403",
      "200",
    ]);
    assert.deepEqual([await from("rate.local", "192.0.2.1"), await from("rate.local", "192.0.2.1")], [
      "200",
      "429",
    ]);
    assert.equal(await from("rate.local", "192.0.2.2"), "200");
    assert.equal(await from("own.local", "192.0.2.77"), "200");
    await eventually(async () => (await send(stage, "show events _access"))[0]?.includes("192.0.2.77"), {
      what: "the client in the access log",
    });
  });

  const ways = [{
    way: "a header",
    settings: { "trusted-proxies": "127.0.0.1" },
    tell: (stage: Stage, host: string, client: string) => ask(stage, host, `X-Forwarded-For: ${client}`),
  }, {
    way: "the PROXY protocol",
    settings: { "proxy-protocol": "127.0.0.1" },
    tell: (stage: Stage, host: string, client: string) => {
      const family = client.includes(":") ? `TCP6 ${client} ::1` : `TCP4 ${client} 127.0.0.1`;
      const head = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      return sendRaw(stage.httpPort, `PROXY ${family} 4711 80\r\n${head}`);
    },
  }];
  for (const { way, settings, tell } of ways) {
    test(
      `told by ${way}, an IPv6 address is kept out by the IPv4 one in it, and let in by none`,
      settings,
      async (stage) => {
        const statusFor = async (host: string, client: string) => statusOf(await tell(stage, host, client));
        assert.equal(await statusFor("shut.local", "192.0.2.1"), "403");
        assert.equal(await statusFor("shut.local", "::1"), "200");
        assert.equal(await statusFor("lan.local", "10.0.0.1"), "200");
        for (const each of WITHIN) {
          const [shut, free, lan] = [
            each.replace("IPV4", "c000:201").replace("TURNED", "3fff:fdfe"),
            each.replace("IPV4", "c633:6401").replace("TURNED", "39cc:9bfe"),
            each.replace("IPV4", "a00:1").replace("TURNED", "f5ff:fffe"),
          ];
          assert.equal(await statusFor("shut.local", shut), "403", shut);
          assert.equal(await statusFor("shut.local", free), "200", free);
          assert.equal(await statusFor("lan.local", lan), "403", lan);
          // Where such an address is let in itself, the IPv4 one matters only where that is kept out.
          assert.equal(await statusFor("six.local", free), "200", free);
          assert.equal(await statusFor("six.local", shut), "403", shut);
        }
      },
    );
  }

  test("an IPv6 address that is trusted itself is a proxy's, whatever IPv4 address is in it", {
    "trusted-proxies": "127.0.0.1, 2002:a01:101::1, ::10.1.1.2",
  }, async (stage) => {
    for (const proxy of ["2002:a01:101::1", "::10.1.1.2"]) {
      const answer = await ask(stage, "own.local", `X-Forwarded-For: 192.0.2.1, ${proxy}`);
      assert.equal(headerOf(answer, "X-Real-IP"), "192.0.2.1", proxy);
    }
  });

  test("a trusted proxy says what was asked for, and nobody else does", {
    "trusted-proxies": "127.0.0.1",
  }, async (stage) => {
    const said = [
      "X-Forwarded-Proto: HTTPS",
      "X-Forwarded-Host: shop.example:8443",
      "X-Forwarded-Port: 8443",
    ];
    const names = ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"];
    const answer = await ask(stage, "own.local", ...said);
    assert.deepEqual(names.map((name) => headerOf(answer, name)), ["https", "shop.example:8443", "8443"]);
    const proto = await ask(stage, "own.local", "X-Forwarded-Proto: https");
    assert.deepEqual(names.map((name) => headerOf(proto, name)), ["https", "own.local", "443"]);
    const forwarded = await ask(
      stage,
      "own.local",
      "Forwarded: proto=http;for=192.0.2.9, for=192.0.2.1;proto=https",
    );
    assert.deepEqual(headerOf(forwarded, "X-Forwarded-Proto"), "https");
    assert.equal(headerOf(forwarded, "Forwarded"), undefined);
    const odd = await ask(
      stage,
      "own.local",
      "X-Forwarded-Proto: ftp",
      "X-Forwarded-Host: a b",
      "X-Forwarded-Port: x",
    );
    const port = String(stage.httpPort);
    assert.deepEqual(names.map((name) => headerOf(odd, name)), ["http", "own.local", port]);
    // HTTPS up to the proxy is HTTPS.
    const secure = await ask(stage, "tls.local", "X-Forwarded-Proto: https");
    assert.equal(statusOf(secure), "200");
    assert.match(secure, /^strict-transport-security: max-age=60\r$/im);
    const redirected = await ask(stage, "tls.local", "X-Forwarded-Proto: http");
    assert.doesNotMatch(redirected, /strict-transport-security/i);
    assert.match(redirected, /^HTTP\/1.1 308[^]*^location: https:\/\/tls.local\/\r$/im);

    const { stdout } = await new Deno.Command("curl", {
      args: ["-s", "--interface", "127.0.0.2", "-H", "Host: own.local", "-H", "X-Forwarded-For: 192.0.2.1"]
        .concat(
          said.flatMap((header) => ["-H", header]),
          "-H",
          "Forwarded: for=192.0.2.1",
          "-H",
          "X-Real-IP: 192.0.2.1",
        )
        .concat(`http://127.0.0.1:${stage.httpPort}/`),
    }).output();
    const stranger = `x\r\n\r\n${new TextDecoder().decode(stdout)}`;
    assert.deepEqual(names.map((name) => headerOf(stranger, name)), ["http", "own.local", port]);
    assert.equal(headerOf(stranger, "X-Forwarded-For"), "127.0.0.2");
    assert.equal(headerOf(stranger, "X-Real-IP"), "127.0.0.2");
  });

  test("a trusted proxy names the client in a header of its own, and is not limited itself", {
    "trusted-proxies": "127.0.0.1",
    "client-ip-header": "CF-Connecting-IP",
    "max-connections-per-client": "2",
  }, async (stage) => {
    const clientOf = async (...headers: readonly string[]) => {
      const answer = await ask(stage, "own.local", ...headers);
      return statusOf(answer) === "200" ? headerOf(answer, "X-Real-IP") : statusOf(answer);
    };
    assert.equal(await clientOf("CF-Connecting-IP: 192.0.2.1", "X-Forwarded-For: 198.51.100.1"), "192.0.2.1");
    assert.equal(await clientOf("CF-Connecting-IP: 2001:db8::1"), "2001:db8::1");
    assert.equal(await clientOf("X-Forwarded-For: 198.51.100.1"), "198.51.100.1");
    assert.equal(await clientOf("CF-Connecting-IP: me"), "400");
    assert.equal(await clientOf("CF-Connecting-IP: [2001:db8::1]:4711"), "2001:db8::1");
    // Which of two is the proxy's, nobody knows.
    for (const [one, two] of [["192.0.2.1", "198.51.100.1"], ["192.0.2.1", ""], ["", "192.0.2.1"]]) {
      assert.equal(await clientOf(`CF-Connecting-IP: ${one}`, `CF-Connecting-IP: ${two}`), "400", one);
    }
    assert.equal(await clientOf("CF-Connecting-IP: 198.51.100.1, 192.0.2.1"), "400");
    assert.equal(await clientOf("CF-Connecting-IP: 192.0.2.1", 'Forwarded: for="'), "192.0.2.1");
    const held: Deno.Conn[] = [];
    try {
      for (let at = 0; at < 5; at++) {
        held.push(await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort }));
      }
      assert.equal(await clientOf("CF-Connecting-IP: 192.0.2.1"), "192.0.2.1");
    } finally {
      for (const connection of held) connection.close();
    }
  });

  test("a balancer says who is connected by the PROXY protocol, and others connect as usual", {
    "proxy-protocol": "127.0.0.1",
    "max-connections-per-client": "2",
  }, async (stage) => {
    const request = "GET / HTTP/1.1\r\nHost: lan.local\r\nConnection: close\r\n\r\n";
    const proxied = (client: string) =>
      sendRaw(stage.httpPort, `PROXY TCP4 ${client} 127.0.0.1 4711 80\r\n${request}`);
    assert.equal(statusOf(await proxied("192.0.2.1")), "403");
    const answer = await proxied("10.1.2.3");
    assert.deepEqual([statusOf(answer), headerOf(answer, "X-Real-IP")], ["200", "10.1.2.3"]);
    // One that says nothing is not believed to be the client.
    assert.doesNotMatch(await sendRaw(stage.httpPort, request).catch(() => "reset"), /^HTTP\/1.1 200/);
    const { stdout } = await new Deno.Command("curl", {
      args: [
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--interface",
        "127.0.0.2",
        "-H",
        "Host: lan.local",
      ]
        .concat(`http://127.0.0.1:${stage.httpPort}/`),
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "200");
    // Clients behind it are limited each by itself.
    const hold = async (client: string) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort });
      await connection.write(
        new TextEncoder().encode(`PROXY TCP4 ${client} 127.0.0.1 4711 80\r\nGET / HTTP/1.1\r\n`),
      );
      return connection;
    };
    const held = [await hold("10.0.0.1"), await hold("10.0.0.1")];
    try {
      const counted = async () => (await send(stage, "show table _web"))[0] ?? "";
      await eventually(async () => /10[.]0[.]0[.]1 .*conn_cur=2/.test(await counted()), {
        what: "both to be counted",
      });
      assert.doesNotMatch(await proxied("10.0.0.1").catch(() => "reset"), /^HTTP\/1.1 200/);
      assert.equal(statusOf(await proxied("10.0.0.2")), "200");
    } finally {
      for (const connection of held) connection.close();
    }
  });

  test("redirects to HTTPS name the port of HAProxy only to its own clients", {
    "trusted-proxies": "127.0.0.1",
    "tls-cert": (await certificate()).path,
    "https-port": String(freePort()),
  }, async (stage) => {
    const answer = await ask(stage, "tls.local", "X-Forwarded-For: 192.0.2.1");
    assert.match(answer, /^location: https:\/\/tls.local\/\r$/im);
  });
}
