/** Where a name leads, as far as it can be seen from here. */
import assert from "node:assert/strict";
import { type NameWorld, whyNoHttps, whyNotOurs } from "../../lib/acme/own_name.ts";
import { systemClock } from "../../lib/clock.ts";

const look = (
  addresses: readonly string[] | Error,
  answer: (request: string, address: string) => string,
  thumbprint: string | undefined = "T",
) => {
  const world: NameWorld = {
    resolve: (_, kind) =>
      addresses instanceof Error
        ? Promise.reject(addresses)
        : Promise.resolve(addresses.filter((address) => address.includes(":") === (kind === "AAAA"))),
    ask: (address, request) => {
      const said = answer(request, address);
      return said === "" ? Promise.reject(new Error("refused")) : Promise.resolve(said);
    },
  };
  return whyNotOurs(
    "a.example.com",
    { thumbprint: thumbprint || undefined, clock: systemClock },
    new AbortController().signal,
    world,
  );
};
const ours = (request: string) => `HTTP/1.1 200 OK\r\n\r\n${/challenge\/(\S+)/.exec(request)?.[1]}.T`;

Deno.test("a name that leads here is asked for, and so is one of which it cannot be told", async () => {
  assert.equal(await look(["192.0.2.1"], ours), undefined);
  assert.equal(await look(["192.0.2.1"], () => ""), undefined, "NAT without a way back");
  assert.equal(
    await look(["192.0.2.1"], () => "HTTP/1.1 301 Moved\r\n\r\n"),
    undefined,
    "a proxy in front redirects",
  );
  assert.equal(await look(["192.0.2.1"], () => "HTTP/1.1 503 Busy\r\n\r\n"), undefined);
  assert.equal(await look(new Error("no resolver"), ours), undefined);
});

Deno.test("a name without an address, and one of which somebody else answers, are told with what they resolve to", async () => {
  assert.match(await look([], ours, "") ?? "", /no address/, "port 80 is another's");
  assert.equal(await look(["192.0.2.1"], () => "HTTP/1.1 404 Not Found\r\n\r\n", ""), undefined);
  assert.match(await look([], ours) ?? "", /^a[.]example[.]com has no address in the DNS/);
  assert.match(await look(new Deno.errors.NotFound("no record found"), ours) ?? "", /no address/);
  const why = await look(
    ["192.0.2.1", "2001:db8::1"],
    (request, address) =>
      address === "192.0.2.1" ? ours(request) : "HTTP/1.1 404 Not Found\r\n\r\nnothing here",
  );
  assert.match(why ?? "", /resolves to 192[.]0[.]2[.]1, 2001:db8::1, and 2001:db8::1 answers 404/);
});

Deno.test("a host that leads to this machine has HTTPS there; what others do is not known from here", async () => {
  const look = (addresses: readonly string[], refused: readonly string[]) =>
    whyNoHttps("a.example.com", systemClock, {
      resolve: (_, kind) =>
        Promise.resolve(addresses.filter((each) => each.includes(":") === (kind === "AAAA"))),
      own: () => new Set(["192.0.2.1", "2001:db8::1"]),
      isRefused: (address, port) => Promise.resolve(port === 443 && refused.includes(address)),
    });
  assert.equal(await look(["192.0.2.1"], []), undefined);
  assert.equal(await look(["198.51.100.1"], ["198.51.100.1"]), undefined, "NAT without a way back");
  assert.equal(await look([], []), undefined);
  assert.match(
    await look(["192.0.2.1", "2001:db8::1"], ["2001:db8::1"]) ?? "",
    /^a[.]example[.]com leads to this machine [(]2001:db8::1[)], and nothing listens at port 443 there$/,
  );
});
