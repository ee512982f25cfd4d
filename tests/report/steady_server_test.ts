/** What is asked of signalbox is answered again after the listener has failed. */
import assert from "node:assert/strict";
import { SteadyServer } from "../../lib/report/steady_server.ts";
import { eventually } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";

/** Lets a second pass, and another one, until it holds. */
const passUntil = (clock: HandClock, holds: () => boolean) =>
  eventually(() => {
    clock.pass(1_000);
    return holds();
  }, { what: "it to be opened again" });

Deno.test("a server that fails is told of and opened again, as often as that takes", async () => {
  const failures: string[] = [];
  const first = Promise.withResolvers<void>();
  let opened = 0;
  let ended = 0;
  const clock = new HandClock();
  const server = new SteadyServer({
    open: () => {
      opened++;
      if (opened === 2) throw new Error("the address is taken");
      const shutdown = () => Promise.resolve(void ended++);
      return { finished: opened === 1 ? first.promise : Promise.resolve(), shutdown };
    },
    onFailure: (error) => void failures.push(String(error)),
    clock,
  });
  assert.equal(opened, 1);
  first.reject(new Error("Too many open files"));
  await passUntil(clock, () => opened === 3);
  assert.deepEqual(failures, ["Error: Too many open files", "Error: the address is taken"]);
  await server.close();
  assert.equal(ended, 1);
});

Deno.test("a server that cannot be opened at first throws, and one that is closed is not opened again", async () => {
  const failing = () => {
    throw new Error("the address is taken");
  };
  const clock = new HandClock();
  const onFailure = () => assert.fail("nobody hears of it");
  assert.throws(() => new SteadyServer({ open: failing, onFailure, clock }), /taken/);
  const finished = Promise.withResolvers<void>();
  let opened = 0;
  const server = new SteadyServer({
    open: () => {
      opened++;
      return { finished: finished.promise, shutdown: () => Promise.resolve() };
    },
    onFailure,
    clock,
  });
  await server.close();
  finished.reject(new Error("closed"));
  await finished.promise.catch(() => undefined);
  clock.pass(60_000);
  assert.equal(opened, 1);
});

Deno.test("a server that may wait is opened when its address can be had, and one trouble is told once", async () => {
  const failures: string[] = [];
  const clock = new HandClock();
  let tries = 0;
  const server = new SteadyServer({
    open: () => {
      if (++tries < 4) throw new Error("the address is taken");
      return { finished: new Promise(() => {}), shutdown: () => Promise.resolve() };
    },
    onFailure: (error) => void failures.push(String(error)),
    mayWait: true,
    clock,
  });
  await passUntil(clock, () => tries === 4);
  assert.equal(tries, 4);
  assert.deepEqual(failures, ["Error: the address is taken"]);
  await server.close();
});
