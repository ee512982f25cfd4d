/** An authority that would have more proven than was ordered: it is asked for nothing more, and nothing is proven for it. */
import assert from "node:assert/strict";
import { makeKey, readAccountKey } from "../../lib/acme/account_key.ts";
import { Authority } from "../../lib/acme/authority.ts";
import { fetchCertificate, OrderFailed } from "../../lib/acme/order.ts";
import { systemClock } from "../../lib/clock.ts";
import { VERSION } from "../../lib/version.ts";

/** Orders a.com of an authority that names so many authorizations, each for this host. */
async function ordered(count: number, value: unknown, wildcard?: boolean) {
  let looks = 0;
  const proven: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { origin: base, pathname } = new URL(request.url);
    const headers = { "replay-nonce": "bm9uY2U", location: `${base}/made` };
    const answer = (json: unknown, status = 200) => Response.json(json, { status, headers });
    if (pathname === "/dir") {
      return answer({ newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` });
    }
    if (pathname === "/order") {
      const authorizations = Array.from({ length: count }, () => `${base}/authorization`);
      return answer({ status: "pending", authorizations, finalize: `${base}/finalize` }, 201);
    }
    if (pathname === "/authorization") {
      looks++;
      const challenges = [{ type: "dns-01", token: "x", url: `${base}/challenge` }];
      return answer({ status: "pending", identifier: { type: "dns", value }, wildcard, challenges });
    }
    return new Response(null, { headers });
  });
  const key = await readAccountKey((await makeKey()).pem);
  const url = `http://127.0.0.1:${server.addr.port}/dir`;
  const settings = { key, email: "me@example.com", eab: undefined };
  const authority = new Authority(url, settings, { clock: systemClock, version: VERSION, client: undefined });
  const signal = new AbortController().signal;
  await authority.enter(undefined, signal);
  const proof = {
    kind: "dns-01",
    areApart: false,
    present: (host: string) => {
      proven.push(host);
      return Promise.reject(new Error("nothing is proven here"));
    },
  } as const;
  const order = { name: "a.com", hosts: ["a.com"], authority: url, isRenewal: false, owner: "" };
  const failed = await fetchCertificate(
    order,
    { authority, thumbprint: key.thumbprint, clock: systemClock, proof },
    signal,
  ).catch((error) => error);
  assert.ok(failed instanceof OrderFailed, `${failed}`);
  return { looks, proven, fault: failed.failure.fault };
}

Deno.test("an authority that wants more proofs than hosts were ordered gets none", async () => {
  assert.deepEqual(await ordered(500, "a.com"), { looks: 0, proven: [], fault: "authority" });
});

Deno.test("an authority that wants a proof for another host than was ordered gets none", async () => {
  for (const value of ["other.com", "sub.a.com", undefined, { a: 1 }]) {
    assert.deepEqual(await ordered(1, value), { looks: 1, proven: [], fault: "authority" });
  }
  assert.deepEqual(await ordered(1, "a.com", true), { looks: 1, proven: [], fault: "authority" });
  assert.deepEqual((await ordered(1, "A.com")).proven, ["a.com"]);
});
