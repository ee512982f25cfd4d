/** Which sites' scripts may read a route's answers: what HAProxy says to browsers, over HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { curl, valuesOf, WAYS } from "./answered.ts";
import { certificate } from "./certificate.ts";
import { Echo, ok } from "./echo.ts";
import { snapshotOf } from "./one_route.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

const NAMES = ["origin", "credentials", "methods", "headers", "max-age"] as const;

/** What a browser goes by. */
async function seen(stage: Stage, host: string, ...args: readonly string[]) {
  const { status, headers } = await curl(stage.httpPort, host, "/", ...args);
  const said = NAMES.map((name) =>
    valuesOf(headers, name === "max-age" ? `access-control-${name}` : `access-control-allow-${name}`).join(
      "|",
    )
  );
  return [status, ...said, valuesOf(headers, "vary").join("|")];
}

const from = (origin: string) => ["--header", `Origin: ${origin}`];
const preflight = (origin: string) =>
  ["--request", "OPTIONS", "--header", "Access-Control-Request-Method: PUT"].concat(from(origin));

for (const program of programs) {
  Deno.test(`${called(program)}: scripts of the sites that a route names may read its answers, and no others`, async () => {
    // What the container says of it does not count.
    await using echo = new Echo(() =>
      ok("").replace(
        "\r\n\r\n",
        "\r\nVary: Accept\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n\r\n",
      )
    );
    await onStage(program, {}, async (stage) => {
      const routes: Readonly<Record<string, object>> = {
        "list.local": {
          cors_origins: ["https://a.test", "http://b.test:81"],
          cors_methods: ["PUT", "DELETE"],
          cors_headers: ["Content-Type", "X-A"],
          cors_credentials: true,
          cors_max_age: 600,
        },
        "all.local": { cors_origins: ["*"] },
        "shut.local": { cors_origins: ["https://a.test"], basic_auth: [`u:{SHA}${"A".repeat(27)}=`] },
        "plain.local": {},
      };
      const data = Object.entries(routes).map(([hostname, rest]) => ({ hostname, ...rest }));
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      for (const way of WAYS) {
        const ask = (host: string, ...args: readonly string[]) => seen(stage, host, way, ...args);
        const { length } = echo.heads;
        const A = "https://a.test";
        assert.deepEqual(
          await ask("list.local", ...preflight(A)),
          ["204", A, "true", "PUT, DELETE", "Content-Type, X-A", "600", "Origin"],
        );
        const no = ["204", "", "", "", "", "", "Origin"];
        const others = ["https://a.test.evil.test", "http://a.test", "null", "*", "https://a.test|", ""];
        for (const origin of others.slice(0, -1)) {
          assert.deepEqual(await ask("list.local", ...preflight(origin)), no, origin);
        }
        assert.deepEqual(await ask("all.local", ...preflight(A)), ["204", "*", "", "", "", "", ""]);
        // No password is asked for: a browser sends none with a preflight.
        assert.deepEqual(await ask("shut.local", ...preflight(A)), ["204", A, "", "", "", "", "Origin"]);
        assert.equal(echo.heads.length, length);
        assert.deepEqual(await ask("list.local", ...from(A)), [
          "200",
          A,
          "true",
          "",
          "",
          "",
          "Accept|Origin",
        ]);
        for (const origin of others) {
          const answer = await ask("list.local", ...origin === "" ? [] : from(origin));
          assert.deepEqual(answer, ["200", "", "", "", "", "", "Accept|Origin"], origin);
        }
        assert.deepEqual(await ask("all.local", ...from(A)), ["200", "*", "", "", "", "", "Accept"]);
        assert.deepEqual(await ask("all.local"), ["200", "*", "", "", "", "", "Accept"]);
        // The script sees that its visitor has to sign in.
        assert.deepEqual(await ask("shut.local", ...from(A)), ["401", A, "", "", "", "", "Origin"]);
        // A route that says nothing of it, and OPTIONS that ask for no leave, are the container's.
        assert.deepEqual(await ask("plain.local", ...preflight(A)), [
          "200",
          "*",
          "true",
          "",
          "",
          "",
          "Accept",
        ]);
        assert.deepEqual(
          await ask("list.local", "--request", "OPTIONS"),
          ["200", "", "", "", "", "", "Accept|Origin"],
        );
      }
    });
  });

  Deno.test(`${called(program)}: a preflight is answered where requests are redirected, which a browser would not follow`, async () => {
    await using echo = new Echo(() => ok(""));
    const settings = { "tls-cert": (await certificate()).path, "https-port": String(freePort()) };
    await onStage(program, { settings }, async (stage) => {
      const cors = { cors_origins: ["*"], cors_methods: ["PUT"] };
      const data = [
        { hostname: "tls.local", ssl_only: true, ...cors },
        { hostname: "main.local", canonical_host: "www", ...cors },
        { hostname: "old.local", redirects: ["gone.local https://new.local"], ...cors },
        { hostname: "shut.local", allow_from: ["10.0.0.0/8"], ...cors },
        { hostname: "silent.local", ssl_only: true },
      ];
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      for (const way of WAYS) {
        const ask = async (host: string, ...args: readonly string[]) => {
          const [status, origin, , methods] = await seen(stage, host, way, ...args);
          return [status, origin, methods];
        };
        for (const host of ["tls.local", "main.local", "gone.local"]) {
          assert.deepEqual(await ask(host, ...preflight("https://a.test")), ["204", "*", "PUT"], host);
          // Scripts may follow the redirect of the request itself.
          assert.deepEqual(await ask(host, ...from("https://a.test")), ["308", "*", ""], host);
        }
        assert.deepEqual(await ask("shut.local", ...preflight("https://a.test")), ["403", "", ""]);
        assert.deepEqual(await ask("silent.local", ...preflight("https://a.test")), ["308", "", ""]);
      }
      assert.equal(echo.heads.length, 0);
    });
  });
}
