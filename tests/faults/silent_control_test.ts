/** Commands beside a signalbox that hangs: they end, and say what hangs. */
import assert from "node:assert/strict";
import { controlPath } from "../../lib/report/control_socket.ts";
import { runProgram } from "../harness/program.ts";

Deno.test("a control socket that accepts and never answers ends each command with what to do", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "sbs-" });
  using listener = Deno.listen({ transport: "unix", path: controlPath(stateDir) });
  await Deno.writeTextFile(`${stateDir}/docker.json`, "[]");
  const held: Deno.Conn[] = [];
  void (async () => {
    for await (const connection of listener) held.push(connection);
  })();
  const commands = [["status"], ["explain"], ["events"], ["graph"], [
    "run",
    "--snapshot",
    `${stateDir}/docker.json`,
  ]];
  // All at once: each waits for its bound.
  await Promise.all(commands.map(async (words) => {
    const { code, stdout, stderr } = await runProgram([...words, "--state-dir", stateDir]);
    assert.equal(code, 1, `${words[0]}: ${stderr}`);
    assert.equal(stdout, "", words[0]);
    assert.match(
      stderr,
      /control[.]sock takes connections, but did not answer within 10 s.*restart it/,
      words[0],
    );
  }));
  held.forEach((connection) => connection.close());
  await Deno.remove(stateDir, { recursive: true });
});
