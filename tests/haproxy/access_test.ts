/** Who may come in by address: what clients at several addresses get, and that nobody else gets in while it changes. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { Echo, RawHttp2, sendHead, statusOf } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, canAddBackends, canAddServers, onStage, programs, type Stage } from "./stage.ts";

type Data = Readonly<Record<string, unknown>>;

/** The status that a client at an address of the loopback gets. */
async function askFrom(address: string, stage: Stage, host: string): Promise<string> {
  const server = address.includes(":") ? "[::1]" : "127.0.0.1";
  const { stdout } = await new Deno.Command("curl", {
    args: ["--silent", "--max-time", "20", "--interface", address, "--output", "/dev/null"]
      .concat("--write-out", "%{http_code}", "--header", `Host: ${host}`)
      .concat("--globoff", `http://${server}:${stage.httpPort}/`),
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

const ask = async (stage: Stage, host: string): Promise<string> =>
  statusOf(await sendHead(stage.httpPort, "GET / HTTP/1.1", `Host: ${host}`, "Connection: close"));

for (const program of programs) {
  Deno.test(`${called(program)}: clients come in by their addresses, IPv4 and IPv6, and by the longest network`, async () => {
    await using echo = new Echo();
    // One listener for both families: HAProxy sees IPv4 clients under IPv6 addresses.
    await onStage(program, { settings: { bind: "::" } }, async (stage) => {
      const routes: Readonly<Record<string, Data>> = {
        "lan.local": { allow_from: ["internal"] },
        "two.local": { allow_from: ["127.0.0.2"] },
        "six.local": { allow_from: ["::1"] },
        "not2.local": { deny_from: ["127.0.0.2/31", "fe80::/10"] },
        "but2.local": {
          allow_from: ["127.0.0.0/8"],
          deny_from: ["127.0.0.0/30"],
          alias_domains: ["also.local"],
        },
        "deep.local": { allow_from: ["127.0.0.0/8", "127.0.0.2"], deny_from: ["127.0.0.0/30", "::1"] },
        "all4.local": { allow_from: ["0.0.0.0/0"] },
        "nobody.local": { allow_from: ["192.0.2.1"], deny_from: ["192.0.2.1"] },
      };
      const data = Object.entries(routes).map(([hostname, rest]) => ({ hostname, ...rest }));
      const container = containerOf("a", echo.port, {});
      container.Config.Env = [`INTERLOCK_DATA=${JSON.stringify(data)}`];
      await stage.apply(want(stage.routing, JSON.stringify([container]), {}));
      const answers: Record<string, string> = {};
      for (const host of [...Object.keys(routes), "also.local"]) {
        const from = (address: string) => askFrom(address, stage, host);
        answers[host] = [await from("127.0.0.1"), await from("127.0.0.2"), await from("::1")].join(" ");
      }
      assert.deepEqual(answers, {
        "lan.local": "200 200 200",
        "two.local": "403 200 403",
        "six.local": "403 403 200",
        "not2.local": "200 403 200",
        "but2.local": "403 403 403",
        "deep.local": "403 200 403",
        "all4.local": "200 200 403",
        "nobody.local": "403 403 403",
        "also.local": "403 403 403",
      });
    });
  });

  Deno.test(`${called(program)}: who may not come in reads why, in words of our own`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const shut = containerOf("a", echo.port, { hostname: "shut.local", allow_from: ["192.0.2.1"] });
      await stage.apply(want(stage.routing, JSON.stringify([shut]), {}));
      const answer = await sendHead(
        stage.httpPort,
        "GET / HTTP/1.1",
        "Host: shut.local",
        "Connection: close",
      );
      assert.match(
        answer,
        /^HTTP\/1\.1 403 .*^content-type: text\/plain\r$.*\r\n\r\nThis page is not for your address\.\n$/ims,
      );
    });
  });

  Deno.test(`${called(program)}: an HTTP/2 client with a body sees that it may not come in`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const shut = containerOf("a", echo.port, { hostname: "shut.local", allow_from: ["192.0.2.1"] });
      await stage.apply(want(stage.routing, JSON.stringify([shut]), {}));
      using client = await RawHttp2.open(stage.httpPort);
      await client.headers(1, [[":method", "POST"], [":scheme", "http"], [":path", "/"], [
        ":authority",
        "shut.local",
      ]], false);
      await client.data(1, "x".repeat(1_000), true);
      assert.equal(await client.status(1), "403");
      assert.deepEqual(echo.heads, []);
    });
  });

  Deno.test(`${called(program)}: nobody who is refused gets in through start, change, stop, adoption and reload`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const shut = (id: string, data: Data) =>
        containerOf(id, echo.port, { hostname: "shut.local", alias_domains: ["shut2.local"], ...data });
      const other = containerOf("z", echo.port, { hostname: "other.local" });
      const seen = new Map<string, number>();
      let isOver = false;
      const client = async (host: string) => {
        while (!isOver) {
          const status = await ask(stage, host).catch(() => "none");
          seen.set(status, (seen.get(status) ?? 0) + 1);
        }
      };
      const apply = async (...containers: readonly unknown[]) => {
        const before = seen.get("403") ?? 0;
        const { plan } = await stage.apply(want(stage.routing, JSON.stringify([other, ...containers]), {}));
        // So that clients look at each state.
        if (containers.length > 0) {
          await eventually(() => (seen.get("403") ?? 0) > before + 4, { what: "clients to be refused" });
        }
        return plan.kind;
      };
      await stage.apply(want(stage.routing, JSON.stringify([other]), {}));
      const clients = [client("shut.local"), client("shut2.local")];
      try {
        const kinds: string[] = [];
        for (let round = 0; round < 3; round++) {
          kinds.push(await apply(shut("a", { allow_from: ["127.0.0.2", "10.0.0.0/8"] })));
          kinds.push(
            await apply(
              shut("b", { allow_from: ["127.0.0.0/8"], deny_from: ["127.0.0.0/24", "127.0.0.0/16"] }),
            ),
          );
          kinds.push(await apply(shut("c", { allow_from: ["127.0.0.0/16"], deny_from: ["127.0.0.1"] })));
          kinds.push(await apply(shut("d", { deny_from: ["127.0.0.0/8"] })));
          kinds.push(await apply(shut("d", { deny_from: ["127.0.0.0/8"] }), shut("e", {})));
          kinds.push(await apply(shut("e", { allow_from: ["internal"], deny_from: ["127.0.0.1"] })));
          kinds.push(await apply());
        }
        if (canAddServers(program) && !canAddBackends(program)) {
          assert.deepEqual(new Set(kinds), new Set(["runtime"]));
        }
        await apply(shut("a", { allow_from: ["127.0.0.2"] }));
        await stage.replace();
        await apply(shut("a", { allow_from: ["127.0.0.2"] }), shut("b", {}));
        // Another shape is a reload, and so is another listener of signalbox's.
        const kind = await apply(shut("a", { allow_from: ["127.0.0.2"], check_interval: 700 }));
        assert.equal(kind, "reload");
        await stage.replace({ "https-port": String(freePort()), "tunnel-timeout": "5000" });
        assert.equal(await apply(shut("a", { allow_from: ["127.0.0.2"], check_interval: 700 })), "reload");
        await apply(shut("c", { deny_from: ["127.0.0.1"], check_interval: 700 }));
        await apply();
      } finally {
        isOver = true;
        await Promise.all(clients);
      }
      assert.deepEqual(
        [...seen.keys()].filter((status) => !["403", "404", "none"].includes(status)),
        [],
        JSON.stringify([...seen]),
      );
      // The same client gets in where it may.
      await stage.apply(want(stage.routing, JSON.stringify([shut("a", { allow_from: ["127.0.0.1"] })]), {}));
      assert.equal(await ask(stage, "shut.local"), "200");
    });
  });
}
