/** What is asked of signalbox is answered again after the listener has failed. */
import assert from "node:assert/strict";
import { SteadyServer } from "../../lib/report/steady_server.ts";

Deno.test("a server that fails is told of and opened again, as often as that takes", async () => {
  const failures: string[] = [];
  const first = Promise.withResolvers<void>();
  const again = Promise.withResolvers<void>();
  let opened = 0;
  let ended = 0;
  const server = new SteadyServer(
    () => {
      opened++;
      if (opened === 2) throw new Error("the address is taken");
      if (opened === 3) again.resolve();
      const shutdown = () => Promise.resolve(void ended++);
      return { finished: opened === 1 ? first.promise : Promise.resolve(), shutdown };
    },
    (error) => void failures.push(String(error)),
    false,
    1,
  );
  assert.equal(opened, 1);
  first.reject(new Error("Too many open files"));
  await again.promise;
  assert.deepEqual(failures, ["Error: Too many open files", "Error: the address is taken"]);
  await server.close();
  assert.equal(ended, 1);
});

Deno.test("a server that cannot be opened at first throws, and one that is closed is not opened again", async () => {
  const failing = () => {
    throw new Error("the address is taken");
  };
  assert.throws(() => new SteadyServer(failing, () => assert.fail("it is thrown"), false, 1), /taken/);
  const finished = Promise.withResolvers<void>();
  let opened = 0;
  const server = new SteadyServer(
    () => {
      opened++;
      return { finished: finished.promise, shutdown: () => Promise.resolve() };
    },
    () => assert.fail("nobody waits for it any more"),
    false,
    1,
  );
  await server.close();
  finished.reject(new Error("closed"));
  await finished.promise.catch(() => undefined);
  assert.equal(opened, 1);
});

Deno.test("a server that may wait is opened when its address can be had, and one trouble is told once", async () => {
  const failures: string[] = [];
  const opened = Promise.withResolvers<void>();
  let tries = 0;
  const server = new SteadyServer(
    () => {
      if (++tries < 4) throw new Error("the address is taken");
      opened.resolve();
      return { finished: new Promise(() => {}), shutdown: () => Promise.resolve() };
    },
    (error) => void failures.push(String(error)),
    true,
    1,
  );
  await opened.promise;
  assert.equal(tries, 4);
  assert.deepEqual(failures, ["Error: the address is taken"]);
  await server.close();
});
