/** What real shells offer: commands, flags, values of settings, and hosts and containers for explain. */
import assert from "node:assert/strict";
import { FakeEngine } from "../docker/fake_engine.ts";
import { program, runProgram } from "../harness/program.ts";

type Offer = (words: readonly string[], env?: Record<string, string>) => Promise<string[]>;

/** A folder with `signalbox` in it, as on the PATH of a user. */
async function withProgram(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-shell-" });
  try {
    const words = program().map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(`${folder}/signalbox`, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    await Deno.mkdir(`${folder}/here/folder`, { recursive: true });
    await Deno.writeTextFile(`${folder}/here/file`, "");
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a shell offers for the last of the words, by a script of its own; `undefined` where there is no such shell. */
async function shellOf(shell: string, folder: string, scriptOf: (words: readonly string[]) => string) {
  if (
    !await new Deno.Command("sh", { args: ["-c", `command -v ${shell}`], stdout: "null" }).output().then((
      o,
    ) => o.success)
  ) {
    return undefined;
  }
  const { stdout: completions } = await runProgram(["completions", shell]);
  await Deno.writeTextFile(`${folder}/completions.${shell}`, completions);
  const offer: Offer = async (words, env = {}) => {
    const { stdout, stderr } = await new Deno.Command(shell, {
      args: ["-c", `cd '${folder}/here'; . '${folder}/completions.${shell}'\n${scriptOf(words)}`],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, HOME: folder, XDG_RUNTIME_DIR: folder, ...env },
      stdin: "null",
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "");
    // fish tells the help beside the word.
    const lines = new TextDecoder().decode(stdout).split("\n").map((line) => line.split("\t")[0] ?? "");
    return lines.filter((line) => line !== "").sort();
  };
  return offer;
}

const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");

const SHELLS: Record<string, (words: readonly string[]) => string> = {
  // Bash takes the sign of --flag=value for a word of its own.
  bash: (words) => {
    const split = words.flatMap((word) => word.split(/(=)/).filter((part) => part !== "" || word === ""));
    return `COMP_WORDS=(${quoted(split)}); COMP_CWORD=${split.length - 1}
COMP_LINE='${words.join(" ")}'; COMP_POINT=\${#COMP_LINE}
_signalbox; printf '%s\\n' "\${COMPREPLY[@]}"`;
  },
  fish: (words) => `complete -C '${words.join(" ")}'`,
};

for (const [shell, scriptOf] of Object.entries(SHELLS)) {
  Deno.test(`${shell} completes commands, flags, values, files, and hosts and containers for explain`, async () => {
    await withProgram(async (folder) => {
      const offer = await shellOf(shell, folder, scriptOf);
      if (offer === undefined) return;
      assert.deepEqual(await offer(["signalbox", "ren"]), ["render"]);
      assert.ok((await offer(["signalbox", ""])).includes("explain"));
      assert.deepEqual(await offer(["signalbox", "render", "--tls-c"]), ["--tls-cert"]);
      assert.deepEqual(await offer(["signalbox", "run", "--log-level", ""]), [
        "debug",
        "error",
        "info",
        "warn",
      ]);
      assert.deepEqual(await offer(["signalbox", "run", "--address", "pub"]), ["published"]);
      assert.deepEqual(await offer(["signalbox", "completions", "z"]), ["zsh"]);
      assert.deepEqual(await offer(["signalbox", "top", "--sort", "re"]), ["requests"]);
      assert.deepEqual(await offer(["signalbox", "check", "--format", "gi"]), ["github", "gitlab"]);
      assert.deepEqual(await offer(["signalbox", "run", "--http-port", ""]), []);
      const noSlash = (words: string[]) => words.map((word) => word.replace(/\/$/, ""));
      assert.deepEqual(noSlash(await offer(["signalbox", "run", "--tls-cert", "f"])), ["file", "folder"]);
      assert.deepEqual(noSlash(await offer(["signalbox", "run", "--state-dir", "f"])), ["folder"]);
      await using engine = await FakeEngine.start();
      engine.run("aa");
      engine.run("bb", { Labels: { "interlock.alias_domain": "*.wild.example" } });
      const env = { DOCKER_HOST: `unix://${engine.path}`, SIGNALBOX_STATE_DIR: `${folder}/none` };
      const subjects = await offer(["signalbox", "explain", "c"], env);
      assert.deepEqual(subjects, ["caa", "caa.example.com", "cbb", "cbb.example.com"]);
      assert.deepEqual(await offer(["signalbox", "explain", "caa."], env), ["caa.example.com"]);
      const typed = [
        "signalbox",
        "explain",
        "--docker-host",
        env.DOCKER_HOST,
        "--state-dir",
        `${folder}/none`,
      ];
      assert.deepEqual(await offer([...typed, "caa."]), ["caa.example.com"]);
      await Deno.writeTextFile(`${folder}/here/empty.json`, "[]");
      assert.deepEqual(await offer(["signalbox", "explain", "--snapshot", "empty.json", "c"], env), []);
    });
  });
}

Deno.test("bash completes what stands behind the sign of a flag, too", async () => {
  await withProgram(async (folder) => {
    const offer = await shellOf("bash", folder, SHELLS["bash"] as (words: readonly string[]) => string);
    assert.deepEqual(await offer?.(["signalbox", "run", "--log-format=t"]), ["text"]);
    assert.deepEqual(await offer?.(["signalbox", "run", "--log-format="]), ["json", "text"]);
  });
});

Deno.test("what could be more than a name is offered to no shell, and nothing where nobody tells", async () => {
  await using engine = await FakeEngine.start();
  const id = engine.run("aa");
  Object.assign(engine.containers.get(id) ?? {}, { Name: "/$(touch evil)" });
  const folder = { XDG_RUNTIME_DIR: engine.folder, SIGNALBOX_STATE_DIR: `${engine.folder}/none` };
  const asked = await runProgram(["explain", "--subjects"], {
    env: { ...folder, DOCKER_HOST: `unix://${engine.path}` },
  });
  assert.deepEqual(asked, { code: 0, stdout: "caa.example.com\n", stderr: "" });
  const alone = await runProgram(["explain", "--subjects"], {
    env: { ...folder, DOCKER_HOST: "unix:///nowhere" },
  });
  assert.deepEqual(alone, { code: 0, stdout: "", stderr: "" });
});

/** Types words, and a key that completes and enters them, into a zsh on a terminal of its own, which then runs a signalbox that only says what it was given. */
const ZSH = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; . $1"
# One key for both: what is typed ahead of an answer changes it.
zpty -w z "go() { zle complete-word; zle accept-line }; zle -N go; bindkey '^T' go; print RE''ADY"
zpty -r z line '*READY*'
zpty -n -w z "$2"$'\\x14'
zpty -r z line '*GOT*\\]*'
print -r -- "$line"
zpty -d z
`;

const TYPED: readonly (readonly [typed: string, got: string])[] = [
  ["signalbox ren", "render"],
  ["signalbox render --tls-c", "render --tls-cert"],
  ["signalbox render --vali", "render --validate"],
  ["signalbox run --log-level de", "run --log-level debug"],
  ["signalbox run --address=pub", "run --address=published"],
  ["signalbox explain caa.", "explain caa.example.com"],
  ["signalbox explain --opt-in ca", "explain --opt-in caa"],
];

Deno.test("zsh completes commands, flags, values, and hosts for explain", async () => {
  await withProgram(async (folder) => {
    if (await shellOf("zsh", folder, () => "") === undefined) return;
    await Deno.rename(`${folder}/signalbox`, `${folder}/real`);
    const script = `#!/bin/sh\n[ "$2" != --subjects ] || exec '${folder}/real' "$@"\necho "GOT[$*]"\n`;
    await Deno.writeTextFile(`${folder}/signalbox`, script, { mode: 0o755 });
    await using engine = await FakeEngine.start();
    engine.run("aa");
    for (const [typed, got] of TYPED) {
      const { stdout } = await new Deno.Command("zsh", {
        args: ["-f", "-c", ZSH, "zsh", `${folder}/completions.zsh`, typed],
        env: {
          ...{ PATH: `${folder}:${Deno.env.get("PATH")}`, HOME: folder, XDG_RUNTIME_DIR: folder },
          ...{ DOCKER_HOST: `unix://${engine.path}`, SIGNALBOX_STATE_DIR: `${folder}/none` },
        },
        stdin: "null",
        signal: AbortSignal.timeout(60_000),
      }).output();
      assert.match(new TextDecoder().decode(stdout), new RegExp(`GOT\\[${got.replaceAll(".", "\\.")}\\]`));
    }
  });
});
