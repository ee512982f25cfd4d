/** Passwords of which only crypt knows the hash, on every HAProxy: checked once, then remembered. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { Echo, sendHead, statusOf } from "./echo.ts";
import { basic, besides, guardedContainer } from "./guarded.ts";
import { called, onStage, programs, send, type Stage } from "./stage.ts";

/** All of them are of "secret". */
const HASHES = {
  bcrypt: "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u",
  sha256: "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
  sha512:
    "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
  yescrypt: "$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.",
} as const;
/** Of "other". */
const OTHER = "$2b$05$abcdefghijklmnopqrstuuVQd15VhR/oN1H3pzUR5lME0fZO6.qRW";

const ask = async (stage: Stage, host: string, ...fields: readonly string[]): Promise<string> =>
  statusOf(await sendHead(stage.httpPort, "GET / HTTP/1.1", `Host: ${host}`, "Connection: close", ...fields));

const remembered = async (stage: Stage): Promise<number> => {
  const [answer = ""] = await send(stage, "show table _known");
  return [...answer.matchAll(/gpc0=1/g)].length;
};

for (const program of programs) {
  const test = (sentence: string, act: (stage: Stage, echo: Echo) => Promise<void>) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using echo = new Echo();
      await onStage(program, {}, (stage) => act(stage, echo));
    });
  const show = (stage: Stage, ...containers: readonly object[]) =>
    stage.apply(want(stage.routing, JSON.stringify(containers), {}));

  test(
    "each kind of hash lets in who knows its password, and is remembered with its hash",
    async (stage, echo) => {
      const users = Object.entries(HASHES).map(([user, hash]) => `${user}:${hash}`);
      const office = (...all: readonly string[]) =>
        guardedContainer("a", echo.port, { hostname: "own.local", basic_auth: all });
      const next = guardedContainer("b", echo.port, {
        hostname: "next.local",
        basic_auth: [`bcrypt:${OTHER}`],
      });
      await show(stage, office(...users), next);
      for (const user of Object.keys(HASHES)) {
        for (let time = 0; time < 3; time++) {
          assert.equal(await ask(stage, "own.local", basic(user, "secret")), "200", user);
        }
        assert.equal(await ask(stage, "own.local", basic(user, "Secret")), "401", user);
        assert.equal(await ask(stage, "next.local", basic(user, "secret")), "401", user);
      }
      assert.equal(await remembered(stage), 4);
      assert.equal(await ask(stage, "next.local", basic("bcrypt", "other")), "200");
      assert.equal(await ask(stage, "own.local"), "401");
      // With another hash the old password is nobody's at once, and the new one's with the reload.
      await show(stage, office(`bcrypt:${OTHER}`), next);
      assert.equal(await ask(stage, "own.local", basic("bcrypt", "secret")), "401");
      assert.equal(await ask(stage, "own.local", basic("sha256", "secret")), "401");
      assert.equal(await ask(stage, "own.local", basic("bcrypt", "other")), "200");
      assert.deepEqual(echo.heads.filter((head) => /authorization/i.test(head)), []);
    },
  );

  test("who guesses waits, and others are let in meanwhile", async (stage, echo) => {
    const data = { hostname: "own.local", basic_auth: [`ann:${HASHES.sha256}`] };
    const next = guardedContainer("b", echo.port, { hostname: "next.local", basic_auth: [`ann:${OTHER}`] });
    await show(stage, guardedContainer("a", echo.port, data), next);
    assert.equal(await ask(stage, "own.local", basic("ann", "secret")), "200");
    const statuses: string[] = [];
    for (let time = 0; time < 12; time++) {
      statuses.push(await ask(stage, "own.local", basic("ann", `${time}`)));
    }
    assert.deepEqual(new Set(statuses), new Set(["401", "429"]));
    assert.equal(await ask(stage, "own.local", basic("ann", "secret")), "200");
    // Each guess costs HAProxy milliseconds, at whichever route: nobody has as many as there are routes.
    assert.equal(await ask(stage, "next.local", basic("ann", "other")), "429");
    // Who says nothing, or names nobody, is asked as ever.
    assert.equal(await ask(stage, "own.local"), "401");
    assert.equal(await ask(stage, "own.local", basic("bob", "x")), "401");
    assert.equal(echo.heads.length, 2);
  });

  test("guesses that come at once, at many routes, are as few as one after another", async (stage, echo) => {
    const hosts = Array.from({ length: 60 }, (_, at) => `own${at}.local`);
    const data = hosts.map((hostname) => ({ hostname, basic_auth: [`ann:${OTHER}`] }));
    const container = guardedContainer("a", echo.port, {});
    await show(stage, {
      ...container,
      Config: { ...container.Config, Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`] },
    });
    const guesses = hosts.flatMap((host) =>
      ["x", "y", "z"].map((word) => ask(stage, host, basic("ann", word)))
    );
    const statuses = await Promise.all(guesses);
    assert.deepEqual([...new Set(statuses)].sort(), ["401", "429"]);
    // Two threads may each look before the other has counted.
    const looked = statuses.filter((status) => status === "401").length;
    assert.ok(looked >= 10 && looked < 20, `${looked}`);
  });

  test("no request without a password comes through where a hash is one of crypt's", async (stage, echo) => {
    const office = (hash: string) =>
      guardedContainer("a", echo.port, { hostname: "own.local", basic_auth: [`ann:${hash}`] });
    const plain = guardedContainer("b", echo.port, { hostname: "plain.local" });
    await show(stage, plain);
    const statuses = await besides(stage.httpPort, "own.local", async () => {
      await show(stage, plain, office(HASHES.sha256));
      assert.equal(await ask(stage, "own.local", basic("ann", "secret")), "200");
      await show(stage, plain, office(OTHER));
      assert.equal(await ask(stage, "own.local", basic("ann", "secret")), "401");
      await stage.replace();
      await show(stage, plain, office(OTHER));
      assert.equal(await ask(stage, "own.local", basic("ann", "other")), "200");
      await show(stage, plain);
    });
    assert.deepEqual(
      [...statuses.keys()].filter((status) => !["", "401", "404", "503"].includes(status)),
      [],
    );
    assert.deepEqual(echo.heads.filter((head) => !/^remote-user: ann\r$/im.test(head)), []);
  });
}
