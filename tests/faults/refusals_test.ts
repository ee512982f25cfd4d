/** The access log of failed requests has each way to be refused: who guesses passwords is seen. */
import assert from "node:assert/strict";
import { sendHead, statusOf } from "../haproxy/echo.ts";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { FaultStage } from "./stage.ts";

const HOST = "good.example";

for (const haproxy of await haproxies()) {
  Deno.test(`every way to be refused is logged where only failed requests are, HAProxy ${haproxy.version}`, async () => {
    await using stage = await FaultStage.open(
      { host: HOST },
      { host: "address.example", data: { deny_from: ["127.0.0.0/8"] } },
      { host: "password.example", data: { basic_auth: [`user:{SHA}${"A".repeat(27)}=`] } },
      { host: "rate.example", data: { rate_limit: "1/1h" } },
      { host: "body.example", data: { max_body: "10" } },
      { host: "dots.example", data: { context_root_target: "/in" } },
    );
    const program = stage.start(["--haproxy", haproxy.path]);
    await stage.answers(HOST);
    const ask = async (line: string, host: string, ...headers: readonly string[]) =>
      statusOf(await sendHead(stage.port, line, `Host: ${host}`, "Connection: close", ...headers));
    const wanted = [
      ["400", await ask("GET /host HTTP/1.1", "not a host")],
      ["400", await ask("GET /../dots HTTP/1.1", "dots.example")],
      ["401", await ask("GET /password HTTP/1.1", "password.example", "Authorization: Basic dXNlcjp4")],
      ["403", await ask("GET /address HTTP/1.1", "address.example")],
      ["404", await ask("GET /unknown HTTP/1.1", "unknown.example")],
      ["405", await ask(`CONNECT ${HOST}:80 HTTP/1.1`, HOST)],
      [
        "411",
        await ask("POST /length HTTP/1.1", "body.example", "Transfer-Encoding: chunked", "", "1", "x", "0"),
      ],
      ["413", await ask("POST /large HTTP/1.1", "body.example", "Content-Length: 11")],
      ["200", await ask("GET /once HTTP/1.1", "rate.example")],
      ["429", await ask("GET /twice HTTP/1.1", "rate.example")],
    ];
    assert.deepEqual(wanted.map(([, got]) => got), wanted.map(([status]) => status));
    const statuses = () =>
      program.lines.filter((line) => line.includes('"kind":"access"'))
        .map((line) => `${JSON.parse(line).status}`).filter((status) => status !== "503");
    const refusals = wanted.map(([status]) => status).filter((status) => status !== "200");
    await eventually(() => statuses().length >= refusals.length, { what: "all lines of the log" }).catch(
      () => {},
    );
    assert.deepEqual(statuses().sort(), refusals);
  });
}
