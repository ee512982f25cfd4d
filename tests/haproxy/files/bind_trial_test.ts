/** Which listeners of a config are tried before it is loaded. */
import assert from "node:assert/strict";
import { tryNewBinds } from "../../../lib/haproxy/files/bind_trial.ts";
import { freePort } from "../../harness/http.ts";

const configOf = (binds: string) => `frontend web\n${binds}\n    mode http\n`;
const tried = (before: string, after: string, ownPeer?: string): string | undefined =>
  tryNewBinds(configOf(before), configOf(after), ownPeer);

Deno.test("each address of a bind line is tried by itself, and what is no address of the internet is not", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const free = freePort();
  assert.equal(tried("", `    bind 127.0.0.1:${free},127.0.0.2:${free} ssl crt /none`), undefined);
  assert.match(
    tried("", `    bind 127.0.0.2:${free},127.0.0.1:${port} name two`) ?? "",
    new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: `),
  );
  assert.equal(tried("", `    bind unix@/none:${port}\n    bind fd@3\n    bind abns@x:1`), undefined);
});

Deno.test("a listener that is there already is not tried, since the trial would meet HAProxy itself", () => {
  using own = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = own.addr as Deno.NetAddr;
  for (const [before, after] of [["127.0.0.1", "127.0.0.1"], ["", "127.0.0.1"], ["127.0.0.1", "*"]]) {
    assert.equal(tried(`    bind ${before}:${port}`, `    bind ${after}:${port}`), undefined);
  }
});

Deno.test("where a listener on all addresses takes the place of one on a single address, the others are tried", () => {
  const mine = freePort();
  using own = Deno.listen({ hostname: "127.0.0.2", port: mine });
  const { port } = own.addr as Deno.NetAddr;
  const [before, after] = [`    bind 127.0.0.2:${port}`, `    bind :${port}\n    bind :::${port} v6only`];
  assert.equal(tried(before, after), undefined);
  for (const hostname of ["127.0.0.1", "::1"]) {
    using _taken = Deno.listen({ hostname, port });
    const why = new RegExp(`^cannot listen on ${hostname}:${port}: `);
    assert.match(tried(before, after) ?? "", why);
    assert.match(tried(before, `    bind [::]:${port} v4v6`) ?? "", why);
  }
});

Deno.test("a family that HAProxy does not listen on yet is tried beside the one that it has", () => {
  using own = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const { port } = own.addr as Deno.NetAddr;
  const [before, after] = [`    bind :${port}`, `    bind :${port}\n    bind ipv6@:${port} v6only`];
  assert.equal(tried(before, after), undefined);
  using _taken = Deno.listen({ hostname: "::1", port });
  assert.match(tried(before, after) ?? "", new RegExp(`^cannot listen on ::1:${port}: `));
});

Deno.test("what a trial cannot tell of is left to HAProxy", () => {
  const lines = ["192.0.2.1:80 transparent", "127.0.0.1:1 namespace other", "${ADDRESS}:80", '"$ADDRESS":80'];
  for (const line of lines) assert.equal(tried("", `    bind ${line}`), undefined, line);
});

Deno.test("this one's port among its peers is tried, and neither another's nor the one that HAProxy has", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const at = `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`;
  const peers = `peers _fleet\n    peer a1 ${at}\n    peer b1 127.0.0.2:${freePort()}`;
  assert.match(tried("", peers, "a1") ?? "", new RegExp(`^cannot listen on ${at}: .*--peer`));
  assert.equal(tried("", peers, "b1"), undefined);
  assert.equal(tried("", peers), undefined);
  assert.equal(tried(peers, peers, "a1"), undefined);
});
