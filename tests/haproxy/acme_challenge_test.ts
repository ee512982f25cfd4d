/** The answer to an authority that asks whether a host is ours, from real HAProxys. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { Echo, sendHead } from "./echo.ts";
import { snapshotOf } from "./one_route.ts";
import { called, onStage, programs } from "./stage.ts";

const TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const PATH = "/.well-known/acme-challenge";

for (const program of programs) {
  Deno.test(`${called(program)}: an authority is answered before redirects and refusals, at no other path`, async () => {
    await using echo = new Echo();
    const settings = {
      "tls-cert": (await certificate()).path,
      "https-port": String(freePort()),
      "acme-email": "me@example.com",
      // There is no key yet.
      "acme-storage": "/nonexistent",
    };
    await onStage(program, { settings }, async (stage) => {
      const data = [
        { hostname: "shut.local", ssl_only: true, allow_from: ["192.0.2.1"], maintenance: true },
        { hostname: "own.local", acme: false },
        { hostname: "asked.local", acme: true },
        { hostname: "moved.local", redirects: ["~/(.*) https://away.local/\\1"] },
      ];
      const snapshot = snapshotOf(data.map((data) => ({ port: echo.port, data })));
      await stage.apply(want(stage.routing, snapshot, {}));
      const ask = async (host: string, path: string, method = "GET") => {
        const answer = await sendHead(
          stage.httpPort,
          `${method} ${path} HTTP/1.1`,
          `Host: ${host}`,
          "Connection: close",
        );
        return {
          status: answer.split(" ")[1],
          isProof: answer.endsWith(`\r\n\r\n${TOKEN}.no-account-key-yet`),
        };
      };
      const yes = { status: "200", isProof: true };
      for (const host of ["shut.local", "SHUT.local.:80", "moved.local", "asked.local", "not.routed.local"]) {
        assert.deepEqual(await ask(host, `${PATH}/${TOKEN}`), yes, host);
      }
      assert.deepEqual(await ask("own.local", `${PATH}/${TOKEN}`), { status: "200", isProof: false });
      assert.deepEqual(await ask("asked.local", `${PATH}/${TOKEN}?x=1`), yes);
      const others = [`${PATH}/${TOKEN}/`, `${PATH}/`, `${PATH}/a.b`, `${PATH}/%41`, `/x${PATH}/${TOKEN}`]
        .concat(`${PATH}/${"a".repeat(129)}`, `${PATH}/a%0d%0aSet-Cookie:x`, `${PATH}//${TOKEN}`);
      for (const path of others) assert.equal((await ask("asked.local", path)).isProof, false, path);
      assert.equal(
        (await ask("shut.local", `${PATH}/a.b`)).status,
        "403",
        "what is no challenge is refused as ever",
      );
      assert.equal((await ask("asked.local", `${PATH}/${TOKEN}`, "POST")).isProof, false);
    });
  });
}
