/** A host that is redirected to HTTPS by the container at its root. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { Echo, sendHead, statusOf } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, onStage, programs } from "./stage.ts";

for (const program of programs) {
  Deno.test(`${called(program)}: ssl_only at a host's root holds for the paths that others serve, and for no other host`, async () => {
    await using echo = new Echo();
    const settings = { "tls-cert": (await certificate()).path, "https-port": String(freePort()) };
    await onStage(program, { settings }, async (stage) => {
      const paths = {
        hostname: "shut.local",
        alias_domains: ["open.local", "x.wild.local"],
        context_root: "/app",
      };
      const containers = [
        containerOf("a", echo.port, paths),
        containerOf("b", echo.port, { hostname: "shut.local", ssl_only: true }),
        containerOf("c", echo.port, { hostname: "*.wild.local", ssl_only: true }),
        containerOf("d", echo.port, { hostname: "open.local" }),
        // Whole hosts of their own, with paths of the closed one: as a redirect, and as an alias of a second path.
        containerOf("e", echo.port, {
          hostname: "e.local",
          redirects: ["shut.local/away http://away.local"],
        }),
        containerOf("w", echo.port, {
          hostname: "w.local",
          context_root: ["/", "/second"],
          alias_domains: ["shut.local"],
        }),
      ];
      const ask = async (host: string, path: string) =>
        statusOf(
          await sendHead(stage.httpPort, `GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close"),
        );
      const expect = async (statuses: Readonly<Record<string, string>>) => {
        for (const [host, status] of Object.entries(statuses)) {
          assert.equal(await ask(host, "/app/x"), status, host);
        }
      };
      await stage.apply(want(stage.routing, JSON.stringify(containers), {}));
      await expect({
        "shut.local": "308",
        "SHUT.local.:80": "308",
        "x.wild.local": "308",
        "open.local": "200",
      });
      const away = await sendHead(
        stage.httpPort,
        "GET /away HTTP/1.1",
        "Host: shut.local",
        "Connection: close",
      );
      assert.match(away, /^location: https:\/\/shut[.]local:\d+\/away\r$/im);
      assert.equal(await ask("shut.local", "/second/x"), "308");
      assert.equal(await ask("w.local", "/second/x"), "200");
      // Who says it no longer is there no longer.
      await stage.apply(
        want(stage.routing, JSON.stringify(containers.filter(({ Name }) => Name !== "/b")), {}),
      );
      await expect({ "shut.local": "200", "x.wild.local": "308", "open.local": "200" });
    });
  });
}
