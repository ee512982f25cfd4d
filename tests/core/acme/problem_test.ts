/** What an authority says is wrong, what comes of it, and what is kept of it. */
import assert from "node:assert/strict";
import { decodeRecord, emptyRecord } from "../../../lib/core/acme/record.ts";
import { isOfHosts, problemOf } from "../../../lib/core/acme/problem.ts";

const ACME = "urn:ietf:params:acme:error:";

Deno.test("a problem is told in the authority's own words, by host where it says which", () => {
  const subproblems = [
    { type: `${ACME}malformed`, detail: "no such ending", identifier: { type: "dns", value: "a.invalid" } },
    { type: `${ACME}rejectedIdentifier`, identifier: { type: "dns", value: "b.example" } },
  ];
  const body = { type: `${ACME}rejectedIdentifier`, detail: "two names\r\nare bad\u2028", subproblems };
  assert.deepEqual(problemOf(400, body), {
    status: 400,
    type: "rejectedIdentifier",
    detail: "two names are bad ",
    hosts: { "a.invalid": "no such ending", "b.example": "two names are bad " },
  });
  assert.deepEqual(
    problemOf(403, { type: "x", detail: "y".repeat(9_999) }, "c.example").hosts["c.example"]?.length,
    500,
  );
  assert.equal(problemOf(502, undefined).detail, "status 502");
});

Deno.test("names are at fault only where the authority says so", () => {
  const of = (status: number, type: string, host?: string) =>
    isOfHosts(problemOf(status, { type: ACME + type, detail: "x" }, host));
  assert.deepEqual([of(400, "rejectedIdentifier"), of(403, "unauthorized"), of(400, "dns"), of(403, "caa")], [
    true,
    true,
    true,
    true,
  ]);
  const authoritys = [
    of(429, "rateLimited"),
    of(500, "serverInternal"),
    of(400, "accountDoesNotExist"),
    of(400, "badNonce"),
  ];
  assert.deepEqual(authoritys, [false, false, false, false]);
  assert.equal(isOfHosts(problemOf(403, {})), false);
});

Deno.test("a record that is no record counts as nothing known", () => {
  for (const text of ["", "null", "[]", "{", '{"hosts":[],"authorities":3,"renewals":"x"}']) {
    assert.deepEqual(decodeRecord(text), emptyRecord, text);
  }
  const { hosts, authorities } = decodeRecord(
    '{"hosts":{"a":{"untilMs":"soon"}},"authorities":{"u":{"orders":[1,"x"],"issued":[[1]]}}}',
  );
  assert.deepEqual(hosts, { a: { failures: 0, untilMs: 0, lastMs: 0, why: "" } });
  assert.deepEqual(authorities, {
    u: { failures: 0, untilMs: 0, orders: [[1, ""], [0, ""]], issued: [[1, "", ""]] },
  });
});
