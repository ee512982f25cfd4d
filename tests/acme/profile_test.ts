/** Kinds of certificates (draft-ietf-acme-profiles), at an authority that notes what it is asked for, and gives nothing. */
import assert from "node:assert/strict";
import { makeKey, readAccountKey } from "../../lib/acme/account_key.ts";
import { Authority } from "../../lib/acme/authority.ts";
import { fetchCertificate, OrderFailed } from "../../lib/acme/order.ts";
import { systemClock } from "../../lib/clock.ts";
import { VERSION } from "../../lib/version.ts";

/** What an order says, and why it came to nothing. */
async function ordered(profiles: unknown, profile: string | undefined) {
  const payloads: Record<string, unknown>[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const base = new URL(request.url).origin;
    const headers = { "replay-nonce": "bm9uY2U", location: `${base}/made` };
    const { pathname } = new URL(request.url);
    if (pathname === "/dir") {
      const places = { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` };
      return Response.json({ ...places, meta: { profiles } });
    }
    if (pathname !== "/order") return new Response(null, { headers });
    const { payload } = await request.json();
    payloads.push(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))));
    const problem = {
      type: "urn:ietf:params:acme:error:rejectedIdentifier",
      detail: "nothing is given here",
    };
    return Response.json(problem, { status: 403, headers });
  });
  const key = await readAccountKey((await makeKey()).pem);
  const parts = { clock: systemClock, version: VERSION, client: undefined };
  const url = `http://127.0.0.1:${server.addr.port}/dir`;
  const authority = new Authority(url, { key, email: "me@example.com", eab: undefined }, parts);
  const signal = new AbortController().signal;
  await authority.enter(undefined, signal);
  const order = { name: "a.com", hosts: ["a.com"], authority: url, isRenewal: false, owner: "" };
  const failed = await fetchCertificate(
    order,
    { authority, thumbprint: key.thumbprint, clock: systemClock, proof: undefined, profile },
    signal,
  ).catch((error) => error);
  assert.ok(failed instanceof OrderFailed, `${failed}`);
  return { profiles: payloads.map((each) => each["profile"]), failure: failed.failure };
}

const TWO = { classic: "https://example.com/classic", shortlived: "https://example.com/short" };

Deno.test("an order names the profile that was asked for, where the authority has it", async () => {
  assert.deepEqual((await ordered(TWO, "shortlived")).profiles, ["shortlived"]);
  assert.deepEqual((await ordered(TWO, undefined)).profiles, [undefined]);
});

Deno.test("an authority with one kind alone is asked for no profile", async () => {
  assert.deepEqual((await ordered(undefined, "shortlived")).profiles, [undefined]);
});

Deno.test("an authority without the profile is not asked, and its profiles are named", async () => {
  const { profiles, failure } = await ordered(TWO, "tiny");
  assert.deepEqual(profiles, []);
  assert.equal(failure.fault, "authority");
  assert.match(failure.why, /has no profile tiny, expected one of classic, shortlived/);
});
