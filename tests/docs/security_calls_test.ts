/** SECURITY.md lists each call that signalbox makes to an engine, for those who put a filter in front of it. */
import assert from "node:assert/strict";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

/** The paths behind dockerode's calls, as SECURITY.md spells them. */
const PATHS: Readonly<Record<string, string>> = {
  ping: "/_ping",
  version: "/version",
  listContainers: "/containers/json",
  getEvents: "/events",
  info: "/info",
  listServices: "/services",
  listNodes: "/nodes",
  getNetwork: "/networks/ID",
};

Deno.test("SECURITY.md lists each call to an engine, and no other", async () => {
  const code = await read("lib/docker/api/connect.ts");
  const type = /type EngineCalls = \{\n([\s\S]*?)\n\};/.exec(code)?.[1] ?? "";
  const direct = [...code.matchAll(/modem\.get\w*\([`"]([^`"]*)[`"]/g)].map(([, path = ""]) =>
    path.replace("${id}", "ID")
  );
  const calls = [...type.matchAll(/^ {2}(\w+)\(/gm)].map(([, name = ""]) => PATHS[name] ?? name);
  const [, section = ""] = (await read("SECURITY.md")).split("### Calls to Docker");
  const table = section.split("\n").filter((line) => line.startsWith("| `GET"));
  const listed = table.flatMap((
    line,
  ) => [...line.split("|")[1]?.matchAll(/`(?:GET )?(?:\/vN\.NN)?(\/[^`]*)`/g) ?? []]);
  assert.deepEqual(listed.map(([, path]) => path).sort(), [...calls, ...direct].sort());
});
