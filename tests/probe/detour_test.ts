/** Other ways to a container, where the way to it does not lead there. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import type { ProbeTarget, ProbeWay } from "../../lib/ports.ts";
import { NetworkProber } from "../../lib/probe/network_prober.ts";
import { freePort } from "../harness/http.ts";
import { target as anyTarget } from "./targets.ts";

/** An address that no TCP connection leads to, wherever the test runs: a multicast one (RFC 9293, section 3.9.2.3). */
const NOWHERE = "224.0.0.1";

const target = (given: Partial<ProbeTarget>): ProbeTarget => anyTarget({ hostname: NOWHERE, ...given });

const way = (port: number, via: ProbeWay["via"]): ProbeWay => ({
  hostname: "127.0.0.1",
  port,
  via,
  elsewhere: undefined,
});

/** Takes connections, and holds each or closes it at once. */
function listen(what: "holds" | "closes", port = 0) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const held: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      if (what === "holds") held.push(connection);
      else connection.close();
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      for (const connection of held) connection.close();
    },
  };
}

const prove = (given: ProbeTarget, signal = new AbortController().signal, onFailure = (_: string) => {}) =>
  new NetworkProber(systemClock).prove(given, onFailure, signal);

Deno.test("a container whose address is out of reach is found at its published port, once that had a fair chance", async () => {
  await using proxy = listen("holds");
  const others = [way(proxy.port, "published")];
  let failures = 0;
  const found = await prove(target({ others }), undefined, (why) => {
    failures++;
    assert.ok(why.startsWith(NOWHERE), why);
  });
  assert.equal(found, others[0]);
  assert.ok(failures >= 1, "its own address was asked before");
});

Deno.test("an address that refuses leaves no way to a published port, and a port that closes at once is no way", async () => {
  await using holds = listen("holds");
  await using closes = listen("closes");
  for (
    const given of [
      { hostname: "127.0.0.1", port: freePort(), others: [way(holds.port, "published")] },
      { others: [way(closes.port, "published")] },
    ]
  ) {
    const ending = new AbortController();
    const heard: string[] = [];
    const proving = prove(target(given), ending.signal, (why) => {
      heard.push(why);
      // By then both have had many times their chance.
      if (heard.length > 40) ending.abort();
    });
    await assert.rejects(proving);
    assert.equal(new Set(heard).size, 1, [...new Set(heard)].join());
  }
});

Deno.test("of several networks the one that answers goes before one that refuses", async () => {
  await using answers = listen("holds");
  const others = [way(freePort(), "container"), way(answers.port, "container")];
  const found = await prove(target({ hostname: "127.0.0.1", port: freePort(), others }));
  assert.equal(found, others[1]);
});

Deno.test("an own address that answers is the way, whatever else answers", async () => {
  await using own = listen("holds");
  await using other = listen("holds");
  const others = [way(other.port, "container"), way(other.port, "published")];
  assert.equal(await prove(target({ hostname: "127.0.0.1", port: own.port, others })), undefined);
});
