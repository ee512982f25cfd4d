/** Which orders are under way at a time. */
import assert from "node:assert/strict";
import { ordersToBegin } from "../../../lib/core/acme/turns.ts";

const order = (host: string, owner: string, isRenewal = false) => ({
  name: host,
  hosts: [host],
  owner,
  isRenewal,
});
const names = (orders: readonly { readonly name: string }[]) => orders.map(({ name }) => name);

Deno.test("renewals never wait for new hosts, nor new hosts for renewals", () => {
  const fresh = Array.from({ length: 20 }, (_, at) => order(`h.n${at}.com`, `n${at}`));
  const due = Array.from({ length: 20 }, (_, at) => order(`h.r${at}.com`, `r${at}`, true));
  const slow = ordersToBegin(fresh, []);
  assert.equal(slow.length, 6);
  assert.deepEqual(names(ordersToBegin([...due, ...fresh], slow)), ["h.r0.com", "h.r1.com"]);
  const renewing = ordersToBegin(due, []);
  assert.equal(renewing.length, 6);
  assert.deepEqual(names(ordersToBegin([...due, ...fresh], renewing)), ["h.n0.com", "h.n1.com"]);
});

Deno.test("the hosts of one owner, and of one domain, leave room for those of others", () => {
  const hostile = Array.from({ length: 20 }, (_, at) => order(`h.a${at}.com`, "hostile"));
  const others = [order("x.com", "x"), order("y.com", "y")];
  assert.deepEqual(names(ordersToBegin([...hostile, ...others], [])), [
    "h.a0.com",
    "x.com",
    "y.com",
    "h.a1.com",
    "h.a2.com",
  ]);
  const zone = Array.from({ length: 20 }, (_, at) => order(`h${at}.slow.com`, `o${at}`));
  assert.deepEqual(names(ordersToBegin([...zone, ...others], [])), [
    "h0.slow.com",
    "h1.slow.com",
    "h2.slow.com",
    "x.com",
    "y.com",
  ]);
});
