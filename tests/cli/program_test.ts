import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { program, runProgram } from "../harness/program.ts";
import { inspected, World } from "./world.ts";

const COMMANDS = ["run", "render", "snapshot", "explain", "status", "events", "top", "completions"];

Deno.test("--version prints the version and nothing else", async () => {
  assert.deepEqual(await runProgram(["--version"]), { code: 0, stdout: `${config.version}\n`, stderr: "" });
});

Deno.test("--help lists every command on standard output", async () => {
  const { code, stdout, stderr } = await runProgram(["--help"]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, "m"));
});

for (const command of COMMANDS) {
  Deno.test(`${command} --help tells its usage on standard output`, async () => {
    const { code, stdout, stderr } = await runProgram([command, "--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^Usage: signalbox ${command} `));
    if (command !== "completions") assert.match(stdout, /env:\s+SIGNALBOX_LOG_LEVEL\)/);
  });
}

Deno.test("the help of a command shows its own options before the settings that it shares with others", async () => {
  for (const [command, own] of [["graph", "--format"], ["explain", "--method"], ["render", "--validate"]]) {
    const { stdout } = await runProgram([`${command}`, "--help"]);
    const [options, settings] = stdout.split("\nSettings:\n");
    assert.match(`${options}`, new RegExp(`^  ${own}\\b`, "m"));
    assert.match(`${settings}`, /^ {2}--log-level\b/m);
    assert.doesNotMatch(`${options}`, /env:/);
  }
});

Deno.test("no command at all is wrong usage and shows the help", async () => {
  const { code, stdout, stderr } = await runProgram([]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Usage: signalbox/);
});

const WRONG: [args: string[], message: RegExp][] = [
  [["render", "--snapshto", "x"], /^error: unknown option '--snapshto' \(Did you mean --snapshot\?\)\n$/],
  [["rendr"], /^error: unknown command 'rendr' \(Did you mean render\?\)\n$/],
  [["render", "--snapshot"], /^error: option '--snapshot <FILE>' argument missing\n$/],
  [["render", "--http-port", "http"], /^error: --http-port is "http", expected a number from 1 to 65535\n$/],
  [["render", "extra"], /^error: too many arguments.*\n$/],
  [["completions", "tcsh"], /^error: cannot complete for "tcsh", expected bash, zsh or fish\n$/],
  [["render", "--settle", "5"], /^error: unknown option '--settle'.*\n$/],
  [
    ["render", "--xyzzy"],
    /^error: unknown option '--xyzzy' \(signalbox render --help lists its options\)\n$/,
  ],
  [["--xyzzy"], /^error: unknown option '--xyzzy' \(signalbox --help lists the commands\)\n$/],
  [["xyzzy"], /^error: unknown command 'xyzzy' \(signalbox --help lists the commands\)\n$/],
];

for (const [args, message] of WRONG) {
  Deno.test(`"${args.join(" ")}" is wrong usage, told in one line`, async () => {
    const { code, stdout, stderr } = await runProgram(args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
  });
}

Deno.test("standard input is read under each of its names", async () => {
  const input = JSON.stringify([inspected("one", "one.example.com")]);
  for (const name of ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]) {
    const args = ["render", "--haproxy-version", "2.6", "--snapshot", name];
    const { code, stdout, stderr } = await runProgram(args, { stdin: input });
    assert.deepEqual([code, stderr], [0, ""], name);
    assert.match(stdout, /^backend one\.example\.com$/m, name);
  }
});

Deno.test("a file that the runtime keeps from programs is told of in our words", async () => {
  const { code, stderr } = await runProgram(["render", "--snapshot", "/proc/self/status"]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^error: cannot read the snapshot "\/proc\/self\/status": signalbox uses no file below \/dev, \/proc and \/sys, such as "\/proc[^"]*", /,
  );
});

for (const args of [["--help"], ["--version"], ["completions", "bash"]]) {
  Deno.test(`what cannot be printed is told in one line: ${args.join(" ")}`, async () => {
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", '"$@" >/dev/full', "sh", ...program(), ...args],
      stdin: "null",
      stdout: "null",
    }).output();
    assert.deepEqual([code, new TextDecoder().decode(stderr)], [
      1,
      "error: No space left on device (os error 28)\n",
    ]);
  });
}

Deno.test("a wrong variable is named, and it is wrong usage too", async () => {
  const { code, stderr } = await runProgram(["render", "--snapshot", "-"], {
    env: { HAPROXY_PORT: "x" },
    stdin: "[]",
  });
  assert.deepEqual([code, stderr], [2, 'error: HAPROXY_PORT is "x", expected a number from 1 to 65535\n']);
});

Deno.test("a stack trace is shown to who asks for debug, and to no other", async () => {
  const args = ["render", "--snapshot", "/nowhere"];
  assert.doesNotMatch((await runProgram(args)).stderr, /\n +at /);
  assert.match((await runProgram([...args, "--log-level", "debug"])).stderr, /\n +at /);
});

Deno.test("what is no terminal gets no colour", async () => {
  for (const env of [{}, { NO_COLOR: "1" }] as Record<string, string>[]) {
    for (const args of [["--help"], ["nothing"], ["explain", "--snapshot", "-"]]) {
      const { stdout, stderr } = await runProgram(args, { env, stdin: "[]" });
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(stdout + stderr, /\u001b/);
    }
  }
});

const SHELLS: [shell: string, check: string[]][] = [["bash", ["-n"]], ["zsh", ["-n"]], ["fish", [
  "--no-execute",
]]];
for (const [shell, check] of SHELLS) {
  Deno.test(`completions for ${shell} name every command and flag, and are right ${shell}`, async () => {
    const { code, stdout, stderr } = await runProgram(["completions", shell]);
    assert.deepEqual([code, stderr], [0, ""]);
    for (const word of [...COMMANDS, "snapshot", "http-port", "tls-cert"]) {
      assert.ok(stdout.includes(word), word);
    }
    const said = await parse(shell, check, stdout);
    if (said !== undefined) assert.equal(said, "");
  });
}

/** What a shell says of a script that it only reads; `undefined` where there is no such shell. */
async function parse(shell: string, args: readonly string[], script: string): Promise<string | undefined> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, script);
    const { code, stderr } = await new Deno.Command(shell, { args: [...args, path], stdin: "null" }).output();
    return `${code === 0 ? "" : `code ${code} `}${new TextDecoder().decode(stderr)}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("bash completes commands, then the flags of the one that was typed", async () => {
  const { stdout } = await runProgram(["completions", "bash"]);
  const complete = async (...words: string[]) => {
    const script = `${stdout}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_signalbox; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout: said } = await new Deno.Command("bash", { args: ["-c", script], stdin: "null" }).output();
    return new TextDecoder().decode(said).trim().split("\n");
  };
  assert.deepEqual(await complete("signalbox", "ren"), ["render"]);
  assert.deepEqual(await complete("signalbox", "render", "--tls-c"), ["--tls-cert"]);
});

const TWO = [
  inspected("web", "www.example.com", { alias_domains: ["*.example.org"] }),
  inspected("idle", "idle", { warm: true }),
];

const EXPLAINED = {
  web: "web (web000000000)\n  serves www.example.com, *.example.org\n  at 172.17.0.2:80 (its own address)\n",
  idle: 'idle (idle00000000)\n  serves nothing: its hostname "idle" has no domain: expected a domain, or ' +
    "--default-domain for all\n",
};

const ORIGINS = `  hostname: www.example.com (Docker's hostname)
  alias_domains: *.example.org ("alias_domains" of INTERLOCK_DATA)
  port: 80 (its only TCP port)
`;

const TO_ADD = "  line to add: interlock.domain=example.com\n";

const SUBJECTS: [subject: string[], keyof typeof EXPLAINED | "both"][] = [
  [[], "both"],
  [["www.example.com"], "web"],
  [["WWW.example.com:8080"], "web"],
  [["any.thing.example.org"], "web"],
  [["web"], "web"],
  [["web0000"], "web"],
  [["idle"], "idle"],
];

for (const [subject, expected] of SUBJECTS) {
  Deno.test(`explain ${subject.join("") || "without a subject"} tells of ${expected}`, async () => {
    await using world = await World.make(...TWO);
    const { code, stdout, stderr } = await world.run(["explain", ...subject, "--snapshot", "snapshot.json"]);
    const whole = expected === "both" ? EXPLAINED.idle + EXPLAINED.web : EXPLAINED[expected];
    // Who asks about one is told all of it, and what to add.
    const text = whole + (expected === "web" ? ORIGINS : expected === "idle" ? TO_ADD : "");
    assert.deepEqual([code, stdout.split("\n").sort(), stderr], [0, text.split("\n").sort(), ""]);
  });
}

Deno.test("explain of what nobody serves is wrong usage and names what is served", async () => {
  await using world = await World.make(...TWO);
  const { code, stdout, stderr } = await world.run(["explain", "nothing.com", "--snapshot", "snapshot.json"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(
    stderr,
    /^error: no container is called "nothing\.com".*: \*\.example\.org, www\.example\.com\n$/,
  );
});

Deno.test("explain --json is one document with an entry for each route", async () => {
  await using world = await World.make(...TWO);
  const { stdout } = await world.run(["explain", "--json", "--snapshot", "snapshot.json"]);
  const entries = JSON.parse(stdout) as Record<string, unknown>[];
  assert.deepEqual(entries.find((entry) => entry["container"] === "web"), {
    container: "web",
    id: "web000000000",
    hosts: ["www.example.com", "*.example.org"],
    redirects: [],
    rules: [],
    values: [
      { key: "hostname", value: "www.example.com", from: "Docker's hostname" },
      { key: "alias_domains", value: "*.example.org", from: '"alias_domains" of INTERLOCK_DATA' },
      { key: "port", value: "80", from: "its only TCP port" },
    ],
    others: [],
    backend: "www.example.com",
    address: "172.17.0.2:80",
    via: "its own address",
    notices: [],
  });
  const [notice] = entries.find((entry) => entry["container"] === "idle")?.["notices"] as string[];
  assert.match(notice ?? "", /^warning: idle: serves no route: /);
});

Deno.test("explain of an empty snapshot says that nothing runs", async () => {
  await using world = await World.make();
  const { code, stdout } = await world.run(["explain", "--snapshot", "snapshot.json"]);
  assert.deepEqual([code, stdout], [0, "no container runs\n"]);
});
