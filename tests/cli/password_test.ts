/** The command that makes what `basic_auth` takes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { program } from "../harness/program.ts";
import { World } from "./world.ts";

const MADE = /^(?:([A-Za-z0-9._@+-]+):)?\{SHA256\}([A-Za-z0-9_-]{16})\$([0-9a-f]{64})\n$/;

Deno.test("a password on standard input becomes a salted hash, with the user in front if one is named", async () => {
  await using world = await World.make();
  const salts = new Set<string>();
  const wanted: [string[], string, string, string | undefined][] = [
    [["ann"], "sesame\n", "sesame", "ann"],
    [["bob@example.com"], "öffne: dich", "öffne: dich", "bob@example.com"],
    [[], "sesame\r\n", "sesame", undefined],
    [[], " ", " ", undefined],
  ];
  for (const [args, stdin, text, user] of wanted) {
    const { code, stdout, stderr } = await world.run(["password", ...args], { stdin });
    assert.deepEqual([code, stderr], [0, ""]);
    const [, named, salt = "", hash] = MADE.exec(stdout) ?? [];
    assert.equal(named, user, stdout);
    assert.equal(hash, createHash("sha256").update(salt + text).digest("hex"));
    salts.add(salt);
  }
  assert.equal(salts.size, wanted.length);
});

Deno.test("what is no password or no user is wrong usage, and is not repeated", async () => {
  await using world = await World.make();
  for (
    const [user, stdin] of [["ann", ""], ["ann", "\n"], ["ann", "s3cret\nagain\n"], ["a:b", "s3cret"], [
      "a b",
      "s3cret",
    ]]
  ) {
    const { code, stdout, stderr } = await world.run(["password", user ?? ""], { stdin: stdin ?? "" });
    assert.deepEqual([code, stdout], [2, ""], user);
    assert.match(stderr, /^error: .*, expected .*\n$/);
    assert.doesNotMatch(stderr, /s3cret/);
  }
});

/** What a terminal of its own shows, with what the command prints; `redirect` is the shell's, after the command. */
async function atTerminal(folder: string, redirect: string): Promise<{ code: number; shown: string }> {
  const command = [...program(), "password", "ann"].map((word) => `'${word}'`).join(" ");
  const child = new Deno.Command("script", {
    args: ["-qec", `${command} ${redirect}`, "/dev/null"],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("sesamX\x7fe\r"));
  const { code, stdout } = await child.output();
  await writer.close().catch(() => undefined);
  return { code, shown: new TextDecoder().decode(stdout) };
}

Deno.test("who copies a hash by hand is told how compose files and shells write it", async () => {
  await using world = await World.make();
  const { code, shown } = await atTerminal(world.folder, "");
  assert.equal(code, 0, shown);
  assert.match(shown, /^in a compose file write \$\$ for each \$; .*single quotes\r$/m);
  const { shown: toFile } = await atTerminal(world.folder, ">made");
  assert.doesNotMatch(toFile, /compose/);
  assert.match(await world.read("made"), MADE);
});

Deno.test("what is typed at a terminal is not shown", async () => {
  await using world = await World.make();
  const { code, shown } = await atTerminal(world.folder, "2>/dev/null");
  assert.equal(code, 0, shown);
  const [, , salt = "", hash] = MADE.exec(shown.trim().split("\n").at(-1) + "\n") ?? [];
  assert.equal(hash, createHash("sha256").update(`${salt}sesame`).digest("hex"), shown);
});
