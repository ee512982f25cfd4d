/** headers.lua sets and deletes headers by a text, on every HAProxy: their names stand in no line of the config. */
import assert from "node:assert/strict";
import { BUILTIN_TEMPLATES } from "../../lib/core/config/templates.ts";
import { want } from "../changes/situation.ts";
import { Echo, ok, sendHead } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, onStage, programs } from "./stage.ts";

const snapshotOf = (port: number) => JSON.stringify([containerOf("c", port, { hostname: "own.local" })]);

/** A frontend of a user's own, which calls the actions with what the client sends. */
async function templates(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-templates-" });
  const frontend = BUILTIN_TEMPLATES["frontend.eta"]?.replace(
    // Routes that ask for nothing leave there.
    `<%~ include("@route_exact.eta", it) -%>`,
    `    http-request set-var(txn.asked) req.fhdr(x-asked)
    http-request set-var(txn.answered) req.fhdr(x-answered)
    http-request lua.request_headers txn.asked
    http-request lua.request_headers txn.nothing
    http-response lua.response_headers txn.answered
$&`,
  );
  await Deno.writeTextFile(`${folder}/frontend.eta`, frontend ?? "");
  return folder;
}

for (const program of programs) {
  Deno.test(`${called(program)}: headers of a request and its answer are set and deleted by a text`, async () => {
    await using echo = new Echo((head) =>
      ok(head).replace("\r\n\r\n", "\r\nX-Old: 1\r\nX-Old: 2\r\nX-Left: yes\r\n\r\n")
    );
    const folder = await templates();
    try {
      await onStage(program, { settings: { templates: folder } }, async (stage) => {
        await stage.apply(want(stage.routing, snapshotOf(echo.port), {}));
        const ask = async (asked: string, answered: string) => {
          const answer = await sendHead(
            stage.httpPort,
            "GET / HTTP/1.1",
            "Host: own.local",
            "Connection: close",
            "X-One: client",
            "X-Two: client",
            "X-Two: again",
            `X-Asked: ${asked}`,
            `X-Answered: ${answered}`,
          );
          const [head = "", body = ""] = answer.split("\r\n\r\n");
          const valuesOf = (text: string, name: string) =>
            [...text.matchAll(new RegExp(`^${name}: (.*?)\r?$`, "gim"))].map(([, value]) => value);
          return {
            one: valuesOf(body, "x-one"),
            two: valuesOf(body, "x-two"),
            added: valuesOf(body, "x-added"),
            old: valuesOf(head, "x-old"),
            left: valuesOf(head, "x-left"),
          };
        };
        const untouched = {
          one: ["client"],
          two: ["client", "again"],
          added: [],
          old: ["1", "2"],
          left: ["yes"],
        };
        assert.deepEqual(await ask("-", "x"), untouched);
        // Each byte of the separator, which is one character of three.
        const separator = "\xe2\x90\x9e";
        assert.deepEqual(
          await ask(
            `X-Two: ours${separator}-X-One${separator}X-Added: a: b, %[src] \${HOME} "c"`,
            `-X-Left${separator}X-Old: 3`,
          ),
          { one: [], two: ["ours"], added: ['a: b, %[src] ${HOME} "c"'], old: ["3"], left: [] },
        );
        assert.deepEqual(await ask("-X-Absent", `${separator}${separator}`), untouched);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
