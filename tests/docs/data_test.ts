/** The examples of INTERLOCK_DATA, of compose files and of units are right: they are read, and nothing is complained of. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { type Block, blocksOf, linesOf, manual, read } from "./documents.ts";
import { problemsOf } from "./words.ts";

const PAGES = ["README.md", ...await manual()];

/** Whether a program is on this machine. */
const has = async (program: string): Promise<boolean> =>
  (await new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" }).output()).success;

/** Each value of INTERLOCK_DATA that a document shows, but for those that are meant to be wrong. */
function dataIn(blocks: readonly Block[]): string[] {
  return blocks.filter(({ words }) => !words.includes("wrong")).flatMap((block) => {
    if (block.language === "json" && block.words.includes("data")) return [block.body];
    const lines = block.language === "sh" || block.words.includes("compose") ? linesOf(block.body) : [];
    return lines.flatMap((line) =>
      [...line.matchAll(/INTERLOCK_DATA(?:=|: )'([^']*)'/g)].map(([, data = ""]) => data)
    );
  });
}

const containerWith = (data: string) => ({
  Id: "a".repeat(64),
  Name: "/example",
  Created: "2026-01-01T00:00:00Z",
  State: { Status: "running", Running: true, StartedAt: "2026-01-01T00:00:01Z" },
  Config: {
    Hostname: "www.example.com",
    Env: [`INTERLOCK_DATA=${data}`],
    ExposedPorts: { "8080/tcp": {}, "9090/tcp": {} },
    Labels: {},
  },
  HostConfig: { NetworkMode: "bridge" },
  NetworkSettings: {
    Ports: { "8080/tcp": null, "9090/tcp": null },
    Networks: { bridge: { IPAddress: "10.0.0.2" } },
  },
});

for (const page of PAGES) {
  const blocks = blocksOf(await read(page));
  for (const data of dataIn(blocks)) {
    Deno.test(`${page}: nothing is wrong with ${data.replace(/\s+/g, " ").trim()}`, async () => {
      const args = ["render", "--snapshot", "-", "--strict", "--tls-cert", "/etc/signalbox/certs/"];
      const { code, stdout, stderr } = await runProgram(args, {
        stdin: JSON.stringify([containerWith(data)]),
      });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^backend (?!_)/m);
    });
  }

  for (const [at, { words, body }] of blocks.entries()) {
    if (words.includes("compose")) {
      Deno.test({
        name: `${page}: block ${at + 1} is a compose file, and its labels are there`,
        ignore: !await has("docker-compose"),
        fn: () =>
          inFolder(async (folder) => {
            await Deno.writeTextFile(`${folder}/compose.yaml`, body);
            await check("docker-compose", "-f", `${folder}/compose.yaml`, "config", "-q");
            assert.deepEqual(body.split("\n").flatMap((line) => problemsOf(line.trim(), "")), []);
          }),
      });
    }
    if (words.includes("unit")) {
      Deno.test({
        name: `${page}: block ${at + 1} is a unit that systemd takes`,
        ignore: !await has("systemd-analyze"),
        fn: () =>
          inFolder(async (folder) => {
            // The program is not installed here; its command and flags are checked with all others.
            const unit = body.replace("/usr/local/bin/signalbox", "/bin/sh").replace(
              /^.*docker\.service\n/gm,
              "",
            );
            assert.match(body, /^ExecStart=\/usr\/local\/bin\/signalbox run/m);
            await Deno.writeTextFile(`${folder}/signalbox.service`, unit);
            assert.equal(
              await check("systemd-analyze", "--man=no", "verify", `${folder}/signalbox.service`),
              "",
            );
          }),
      });
    }
  }
}

Deno.test("the repository's compose.yaml is one", { ignore: !await has("docker-compose") }, async () => {
  await check(
    "docker-compose",
    "-f",
    new URL("../../compose.yaml", import.meta.url).pathname,
    "config",
    "-q",
  );
});

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sbd-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a program that must succeed; returns all that it said. */
async function check(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, `${program} ${args.join(" ")}: ${said}`);
  return said;
}
