/** What clients get of a route that asks for passwords, on every HAProxy. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { want } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { Echo, RawHttp2, sendHead, statusOf } from "./echo.ts";
import { basic, besides, guardedContainer } from "./guarded.ts";
import { called, canAddServers, onStage, programs, type Stage } from "./stage.ts";

const salted = (user: string, password: string, salt = "s4lt"): string =>
  `${user}:{SHA256}${salt}$${createHash("sha256").update(salt + password).digest("hex")}`;
const unsalted = (user: string, password: string): string =>
  `${user}:{SHA}${createHash("sha1").update(password).digest("base64")}`;

const ask = (stage: Stage, host: string, ...fields: readonly string[]): Promise<string> =>
  sendHead(stage.httpPort, "GET /x HTTP/1.1", `Host: ${host}`, "Connection: close", ...fields);

const show = (stage: Stage, ...containers: readonly object[]) =>
  stage.apply(want(stage.routing, JSON.stringify(containers), {}));

for (const program of programs) {
  const test = (sentence: string, act: (stage: Stage, echo: Echo) => Promise<void>) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using echo = new Echo();
      const settings = { "tls-cert": (await certificate()).path, "https-port": String(freePort()) };
      await onStage(program, { settings }, (stage) => act(stage, echo));
    });

  test("who knows a password of the route is let in, and the container is told who", async (stage, echo) => {
    const users = [salted("ann", "sesame: öffne dich"), unsalted("bob", "hunter2"), salted("eve", "")];
    await show(
      stage,
      guardedContainer("a", echo.port, {
        hostname: "own.local",
        alias_domains: ["other.local"],
        basic_auth: users,
        basic_auth_realm: "Only; %[src] for 100%",
      }),
      guardedContainer("b", echo.port, { hostname: "next.local", basic_auth: [salted("cid", "x")] }),
      guardedContainer("c", echo.port, { hostname: "plain.local" }),
    );
    const utf8 = String.fromCharCode(...new TextEncoder().encode("sesame: öffne dich"));
    for (const [field, user] of [[basic("ann", utf8), "ann"], [basic("bob", "hunter2"), "bob"]] as const) {
      for (const host of ["own.local", "OTHER.local.:80"]) {
        const answer = await ask(stage, host, field, "Remote-User: root", "remote_user: root");
        assert.equal(statusOf(answer), "200", user);
        assert.match(answer, new RegExp(`^remote-user: ${user}\r$`, "im"));
        assert.doesNotMatch(answer, /authorization|root/i);
      }
    }
    const refused = [
      "X: none",
      "Authorization: Bearer abc",
      "Authorization: Basic",
      "Authorization: Basic !!!",
      `Authorization: Basic ${btoa("ann")}`,
      basic("ann", "sesame"),
      basic("ANN", utf8),
      basic("bob", ""),
      basic("bob", "Hunter2"),
      basic("", "hunter2"),
      basic("cid", "x"),
      basic("own.local|bob", "hunter2"),
      basic("|bob", "hunter2"),
      // What the table has for a user is no password.
      basic("bob", createHash("sha1").update("hunter2").digest("hex")),
    ];
    for (const field of refused) {
      const answer = await ask(stage, "own.local", field);
      assert.equal(statusOf(answer), "401", field);
      assert.match(
        answer,
        /^www-authenticate: Basic realm="Only; %\[src\] for 100%", charset="UTF-8"\r$/im,
      );
      assert.equal(
        statusOf(await ask(stage, "next.local", field)),
        field === basic("cid", "x") ? "200" : "401",
        field,
      );
    }
    assert.match(await ask(stage, "next.local"), /^www-authenticate: Basic realm="next.local"/im);
    // A route that asks for nothing gets what the client sends.
    assert.match(await ask(stage, "plain.local", basic("x", "y")), /^authorization: Basic/im);
    // The password in front of an empty one is one too.
    assert.equal(statusOf(await ask(stage, "own.local", basic("eve", ""))), "200");
  });

  test("a client of HTTP/2 is asked for its password too, whatever body it sends", async (stage, echo) => {
    await show(
      stage,
      guardedContainer("a", echo.port, { hostname: "own.local", basic_auth: [salted("ann", "x")] }),
    );
    using client = await RawHttp2.open(stage.httpPort);
    const fields = (method: string) =>
      [[":method", method], [":scheme", "http"], [":path", "/"], [":authority", "own.local"]] as const;
    await client.headers(1, fields("GET"));
    assert.equal(await client.status(1), "401");
    await client.headers(3, fields("POST"), false);
    await client.data(3, "x".repeat(5_000), true);
    assert.equal(await client.status(3), "401");
    await client.headers(5, [...fields("POST"), ["authorization", basic("ann", "x").slice(15)]], false);
    await client.data(5, "hello", true);
    assert.equal(await client.status(5), "200");
    assert.equal(echo.heads.length, 1);
  });

  test("nobody is asked for a password over plain HTTP where HTTPS is wanted", async (stage, echo) => {
    const data = { hostname: "own.local", basic_auth: [salted("ann", "x")], ssl_only: true };
    await show(stage, guardedContainer("a", echo.port, data));
    for (const field of ["X: none", basic("ann", "x")]) {
      const answer = await ask(stage, "own.local", field);
      assert.equal(statusOf(answer), "308");
      assert.doesNotMatch(answer, /www-authenticate/i);
    }
    assert.deepEqual(echo.heads, []);
  });

  test(
    "no request without a password comes through a start, changes, reloads, an adoption and a stop",
    async (stage, echo) => {
      const containers = (...passwords: readonly string[]) => [
        guardedContainer("a", echo.port, {
          hostname: "own.local",
          basic_auth: passwords.map((password) => salted("ann", password)),
        }),
        guardedContainer("b", echo.port, { hostname: "plain.local" }),
      ];
      const [, plain = {}] = containers();
      const count = () => stage.applier.loader.count;
      const expect = async (password: string, status: string) =>
        assert.equal(statusOf(await ask(stage, "own.local", basic("ann", password))), status, password);
      await show(stage, plain);
      const before = count();
      const statuses = await besides(stage.httpPort, "own.local", async () => {
        for (let round = 0; round < 3; round++) {
          await show(stage, ...containers("one"));
          await expect("one", "200");
          await show(stage, ...containers("two"));
          await expect("one", "401");
          await expect("two", "200");
          if (canAddServers(program)) assert.equal(count(), before);
          // A replica that asks for nothing protects the route all the same.
          await show(
            stage,
            ...containers("two"),
            guardedContainer("c", echo.port, { hostname: "own.local" }, "127.17.9.1"),
          );
          await show(stage, ...containers("two"));
          if (round > 0) {
            // Another balance is a reload.
            const reloads = count();
            const other = { hostname: "plain.local", balance_algorithm: "leastconn" };
            await show(stage, ...containers("two").slice(0, 1), guardedContainer("b", echo.port, other));
            assert.equal(count(), reloads + 1);
            await expect("two", "200");
            await stage.replace();
            await show(stage, ...containers("two"));
            await expect("two", "200");
          }
          await show(stage, plain);
          if (round > 0) break;
        }
      });
      assert.deepEqual(
        [...statuses.keys()].filter((status) => !["", "401", "404", "503"].includes(status)),
        [],
      );
      assert.ok((statuses.get("401") ?? 0) > 5, JSON.stringify([...statuses]));
      assert.deepEqual(echo.heads.filter((head) => !/^remote-user: ann\r$/im.test(head)), []);
    },
  );
}
