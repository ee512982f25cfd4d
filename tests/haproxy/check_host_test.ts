/** HAProxy's own check asks for the route's host, and our proof asks the same. */
import assert from "node:assert/strict";
import { checkRequest } from "../../lib/core/keys/health_check.ts";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { called, canAddServers, onStage, programs } from "./stage.ts";

/** A container that refuses who names no host of its own, as most servers do by HTTP/1.1. */
class Particular implements AsyncDisposable {
  readonly asked = new Set<string>();
  readonly #server: Deno.HttpServer;

  constructor(hostname: string, port: number, host: string) {
    this.#server = Deno.serve({ hostname, port, onListen: () => undefined }, (request) => {
      const named = request.headers.get("host") ?? "";
      this.asked.add(`${request.method} ${new URL(request.url).pathname} ${named}`);
      return new Response("", { status: named === host ? 200 : 400 });
    });
  }

  [Symbol.asyncDispose] = () => this.#server.shutdown();
}

function described(at: number, host: string, port: number) {
  const data = { hostname: host, check: "httpchk GET /health HTTP/1.1", check_interval: 100 };
  return {
    Id: String(at).repeat(64),
    Name: `/web${at}`,
    Created: `2026-01-0${at}T00:00:00Z`,
    State: { Running: true, Status: "running", StartedAt: "2026-01-01T00:00:00Z" },
    Config: { Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`], ExposedPorts: { [`${port}/tcp`]: {} } },
    NetworkSettings: { Networks: { bridge: { IPAddress: `127.17.9.${at}` } } },
  };
}

for (const program of programs) {
  Deno.test(`${called(program)}: a check by HTTP/1.1 sends the route's host, a wildcard's and one on a spare too`, async () => {
    const port = freePort();
    const hosts = ["first.local", "*.second.local", "third.local"];
    const sent = hosts.map((host) => host.replace("*.", ""));
    const all = hosts.map((host, at) => described(at + 1, host, port));
    await using one = new Particular("127.17.9.1", port, sent[0] ?? "");
    await using two = new Particular("127.17.9.2", port, sent[1] ?? "");
    await using three = new Particular("127.17.9.3", port, sent[2] ?? "");
    await onStage(program, {}, async (stage) => {
      const wanted = (count: number) => want(stage.routing, JSON.stringify(all.slice(0, count)), {});
      await stage.apply(wanted(2));
      const before = stage.generation();
      await stage.apply(wanted(3));
      if (canAddServers(program)) assert.equal(stage.generation(), before, "the new host took a spare");
      await eventually(() => [one, two, three].every(({ asked }) => asked.size > 0), { what: "checks" });
      const reported = await eventually(async () => {
        const servers = (await stage.haproxy.reportServers()).filter(({ name }) => name.includes(`:${port}`));
        return servers.length === 3 && servers.every(({ isUp }) => isUp) && servers;
      }, { what: "three servers that are up" });
      assert.equal(reported.length, 3);
      for (const [at, { asked }] of [one, two, three].entries()) {
        assert.deepEqual([...asked], [`GET /health ${sent[at]}`]);
      }
      for (const { host, shape } of wanted(3).desired.model.backends) {
        const request = checkRequest(shape.check, host) ?? "";
        assert.match(request, new RegExp(`^Host: ${sent[hosts.indexOf(host)]}\r$`, "m"));
      }
    });
  });
}
