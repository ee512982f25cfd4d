/** What another user has put where signalbox writes: it is neither followed nor used, and what is ours goes on working. */
import assert from "node:assert/strict";
import { World } from "../cli/world.ts";
import { inspected } from "../cli/world.ts";
import { eventually } from "../harness/eventually.ts";
import { holding } from "../harness/events.ts";
import { freePort } from "../harness/http.ts";
import { program } from "../harness/program.ts";
import { errors, FaultStage } from "./stage.ts";

const OTHER = 65_534;
const ignore = Deno.uid() !== 0;
const test = (name: string, fn: () => Promise<void>) => Deno.test({ name, ignore, fn });

async function plant(target: string, path: string): Promise<void> {
  await Deno.symlink(target, path);
  assert.ok((await new Deno.Command("chown", { args: ["-h", `${OTHER}`, path] }).output()).success);
}

async function mkdir(path: string, mode: number, uid = 0): Promise<string> {
  await Deno.mkdir(path);
  await Deno.chown(path, uid, uid);
  await Deno.chmod(path, mode);
  return path;
}

test("render --output follows no link of another user, and writes into the folder of one", async () => {
  await using world = await World.make(inspected("web", "web.example"));
  const secret = await world.write("secret", "secret");
  await Deno.chmod(secret, 0o600);
  const theirs = await mkdir(`${world.folder}/theirs`, 0o777, OTHER);
  assert.equal((await world.render(["--output", "theirs/rendered/"])).code, 0);
  for (const name of ["haproxy.cfg", "hosts.map"]) {
    await mkdir(`${theirs}/${name}-is-a-link`, 0o777, OTHER);
    await plant(secret, `${theirs}/${name}-is-a-link/${name}`);
    const { code, stderr } = await world.render(["--output", `theirs/${name}-is-a-link/`]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^error: cannot write --output "theirs/.*${name} is a link that user`));
    assert.equal(stderr.trim().split("\n").length, 1);
  }
  assert.equal(await Deno.readTextFile(secret), "secret");
});

test("render --diff and --snapshot follow no link of another user, and open no pipe of one", async () => {
  await using world = await World.make(inspected("web", "web.example"));
  await Deno.chmod(await world.write("secret", "secret"), 0o600);
  await Deno.mkdir(`${world.folder}/own`);
  const pipe = async (path: string) => {
    assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    await Deno.chown(path, OTHER, OTHER);
  };
  const ways: readonly (readonly [what: string, make: (path: string) => Promise<void>])[] = [
    ["is a link that user 65534 has made", (path) => plant("../secret", path)],
    ["is a link that user 65534 has made", (path) => plant("/dev/zero", path)],
    ["is no regular file", pipe],
  ];
  for (const [at, [why, make]] of ways.entries()) {
    for (const name of ["haproxy.cfg", "hosts.map", "snapshot.json"]) {
      const theirs = await mkdir(`${world.folder}/${at}-${name}`, 0o777, OTHER);
      await world.render(["--output", `${theirs}/`]);
      await Deno.remove(`${theirs}/${name}`).catch(() => undefined);
      await make(`${theirs}/${name}`);
      const flags = name === "snapshot.json" ? ["--snapshot", `${theirs}/${name}`] : ["--diff", `${theirs}/`];
      const { code, stdout, stderr } = await world.run(["render", "--snapshot", "snapshot.json", ...flags]);
      assert.deepEqual([code, stdout], [2, ""], `${why} ${name}`);
      assert.match(stderr, new RegExp(`^error: cannot read .*${why}`));
      assert.equal(stderr.trim().split("\n").length, 1);
      assert.doesNotMatch(stderr, /"secret"/);
    }
  }
  // Links of our own are followed.
  await world.render(["--output", "rendered/"]);
  for await (const { name } of Deno.readDir(`${world.folder}/rendered`)) {
    await Deno.symlink(`../rendered/${name}`, `${world.folder}/own/${name}`);
  }
  assert.equal((await world.render(["--diff", "own/haproxy.cfg"])).code, 0);
});

test("any user renders into a checkout that others made, where everybody may write", async () => {
  await using world = await World.make(inspected("web", "web.example"));
  await Deno.chmod(world.folder, 0o755);
  const checkout = await mkdir(`${world.folder}/checkout`, 0o777);
  const { success, stderr } = await new Deno.Command("setpriv", {
    args: [
      ...[`--reuid=${OTHER}`, `--regid=${OTHER}`, "--clear-groups", ...program(), "render"],
      ...["--snapshot", "../snapshot.json", "--haproxy-version", "2.6", "--output", "rendered/"],
    ],
    cwd: checkout,
    env: { HOME: "/nonexistent" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal((await Deno.stat(`${checkout}/rendered/haproxy.cfg`)).uid, OTHER);
});

test("a copy of the config whose name is a link of another user is not written, said once, and all is served", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const secret = await stage.write("secret", "secret");
  await mkdir(`${stage.folder}/shared`, 0o1777);
  await plant(secret, `${stage.folder}/shared/haproxy.cfg`);
  const running = stage.start(["--config", `${stage.folder}/shared/haproxy.cfg`]);
  await stage.answers("good.example");
  await stage.says(running, {
    event: "copy-failed",
    path: `${stage.folder}/shared/haproxy.cfg`,
    why: holding(OTHER),
  });
  await stage.want({ host: "good.example" }, { host: "late.example" });
  await stage.answers("late.example");
  assert.equal(await Deno.readTextFile(secret), "secret");
  assert.equal(errors(running).length, 1, errors(running).join("\n"));
  // The link gone, the copy is written beside what others have there.
  await Deno.remove(`${stage.folder}/shared/haproxy.cfg`);
  await stage.want({ host: "good.example" });
  await eventually(
    () => Deno.readTextFile(`${stage.folder}/shared/haproxy.cfg`).then((text) => text !== ""),
    {
      what: "the copy",
    },
  );
});

test("--pid-file holds the pid of HAProxy while it runs, in a folder such as /tmp too, and a device stays one", async () => {
  for (const [name, mode] of [["own", 0o755], ["sticky", 0o1777]] as const) {
    await using stage = await FaultStage.open({ host: "good.example" });
    const path = `${await mkdir(`${stage.folder}/${name}`, mode)}/pid`;
    const running = stage.start(["--pid-file", path]);
    await stage.answers("good.example");
    const pid = await eventually(() => Deno.readTextFile(path).then((text) => /^(\d+)\n$/.exec(text)?.[1]), {
      what: "the pid",
    });
    assert.equal(Number(pid), (await stage.status()).haproxy.pid);
    // One that is started anew has another.
    Deno.kill(Number(pid), "SIGKILL");
    await eventually(() => Deno.readTextFile(path).then((text) => text.trim() !== pid), {
      what: "a new pid",
    });
    await running.stop();
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }
  await using stage = await FaultStage.open({ host: "good.example" });
  const running = stage.start(["--pid-file", "/dev/null"]);
  await stage.answers("good.example");
  await running.stop();
  assert.ok((await Deno.stat("/dev/null")).isCharDevice);
});

const PLANTED: readonly (readonly [string, (folder: string) => Promise<readonly string[]>, RegExp])[] = [
  ["a pid file that is a link of another user", async (folder) => {
    await plant(`${folder}/secret`, `${await mkdir(`${folder}/shared`, 0o1777)}/pid`);
    return ["--state-dir", `${folder}/state`, "--pid-file", `${folder}/shared/pid`];
  }, /--pid-file.*shared\/pid is a link that user 65534 has made/],
  ["a pid file that is a pipe of another user", async (folder) => {
    const pipe = `${await mkdir(`${folder}/shared`, 0o1777)}/pid`;
    assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
    await Deno.chown(pipe, OTHER, OTHER);
    return ["--state-dir", `${folder}/state`, "--pid-file", pipe];
  }, /--pid-file.*shared\/pid is no regular file/],
  ["a pid file in a folder that everybody can write", async (folder) => {
    await mkdir(`${folder}/shared`, 0o777);
    return ["--state-dir", `${folder}/state`, "--pid-file", `${folder}/shared/pid`];
  }, /shared can be written by every user.*chmod go-w/],
  ["a state directory that another user made", async (folder) => {
    await mkdir(`${await mkdir(`${folder}/shared`, 0o1777)}/state`, 0o755, OTHER);
    return ["--state-dir", `${folder}/shared/state`];
  }, /shared\/state belongs to user 65534/],
  ["a state directory that is a link of another user", async (folder) => {
    await mkdir(`${folder}/own`, 0o700);
    await plant(`${folder}/own`, `${await mkdir(`${folder}/shared`, 0o1777)}/state`);
    return ["--state-dir", `${folder}/shared/state`];
  }, /shared\/state is a link that user 65534 has made/],
  ["a state directory in which generations is another user's link", async (folder) => {
    await mkdir(`${folder}/elsewhere`, 0o700);
    await plant(`${folder}/elsewhere`, `${await mkdir(`${folder}/state`, 0o700)}/generations`);
    return ["--state-dir", `${folder}/state`];
  }, /state\/generations belongs to user 65534/],
  ["a state directory that everybody can write", async (folder) => {
    await mkdir(`${folder}/state`, 0o777);
    return ["--state-dir", `${folder}/state`];
  }, /state can be written by every user/],
  ["a state directory that is there for every user, as /tmp is", async (folder) => {
    await mkdir(`${await mkdir(`${folder}/state`, 0o1777)}/.X11-unix`, 0o1777);
    return ["--state-dir", `${folder}/state`];
  }, /state is there for others too/],
  ["a state directory that is there for other things, as /run is", async (folder) => {
    await Deno.writeTextFile(`${await mkdir(`${folder}/state`, 0o755)}/docker.pid`, "");
    return ["--state-dir", `${folder}/state`];
  }, /state is there for others too/],
  ["a state directory below a folder that everybody can write", async (folder) => {
    await mkdir(`${await mkdir(`${folder}/shared`, 0o777)}/state`, 0o700);
    return ["--state-dir", `${folder}/shared/state`];
  }, /shared can be written by every user/],
];

for (const [what, make, why] of PLANTED) {
  test(`run does not begin with ${what}, and doctor tells it`, async () => {
    await using world = await World.make(inspected("web", "web.example"));
    const secret = await world.write("secret", "secret");
    const flags = ["--snapshot", "snapshot.json", "--http-port", `${freePort()}`, "--bind", "127.0.0.1"];
    const given = [...flags, "--haproxy", world.haproxy, ...await make(world.folder)];
    const { code, stderr } = await world.run(["run", "--log-format", "json", ...given]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, why);
    assert.equal(await Deno.readTextFile(secret), "secret");
    const diagnosis = await world.run(["doctor", "--max-connections", "100", ...given]);
    assert.equal(diagnosis.code, 1, diagnosis.stdout);
    assert.match(diagnosis.stdout, new RegExp(`^FAIL .*(?:${why.source})`, "m"));
  });
}

test("explain goes by no settings of a control socket that another user has made", async () => {
  await using world = await World.make(inspected("web", "web.example"));
  const shared = await mkdir(`${world.folder}/shared`, 0o1777);
  const program = await world.write("program", `#!/bin/sh\ntouch ${world.folder}/started\n`);
  await Deno.chmod(program, 0o755);
  const settings = { SIGNALBOX_HAPROXY: program, SIGNALBOX_SNAPSHOT: `${world.folder}/snapshot.json` };
  const path = `${shared}/control.sock`;
  const server = Deno.serve(
    { path, onListen: () => undefined },
    ({ url }) => Response.json(url.endsWith("/settings") ? settings : {}),
  );
  const env = { DOCKER_HOST: `unix://${world.folder}/nobody.sock` };
  const isStarted = () => Deno.stat(`${world.folder}/started`).then(() => true, () => false);
  try {
    await Deno.chown(path, OTHER, OTHER);
    await world.run(["explain", "--state-dir", shared], { env });
    assert.equal(await isStarted(), false);
    // One of our own is believed.
    await Deno.chown(path, 0, 0);
    await world.run(["explain", "--state-dir", shared], { env });
    assert.equal(await isStarted(), true);
  } finally {
    await server.shutdown();
  }
});

test("what signalbox writes into the state directory is its owner's alone", async () => {
  await using stage = await FaultStage.open({ host: "first.example" });
  stage.start(["--admin", `127.0.0.1:${freePort()}`]);
  await stage.answers("first.example");
  await stage.want({ host: "first.example" }, {
    host: "second.example",
    data: { balance_algorithm: "first" },
  });
  await stage.answers("second.example");
  const open: string[] = [];
  let count = 0;
  const look = async (folder: string) => {
    for await (const { name, isSymlink } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      // Sockets and files of a moment go while this looks.
      const info = await Deno.lstat(path).catch(() => undefined);
      if (info === undefined) continue;
      const { mode, isDirectory } = info;
      count++;
      // HAProxy writes its pid, for everybody to read, and the empty folder is its workers' root.
      const isOpen = ((mode ?? 0) & 0o077) !== 0 && !isSymlink && !["haproxy.pid", "empty"].includes(name);
      if (isOpen) open.push(path);
      if (isDirectory) await look(path);
    }
  };
  await eventually(() => Deno.stat(`${stage.stateDir}/access.mark`).then(() => true, () => false), {
    what: "the mark of the access log",
  });
  await eventually(async () => {
    count = 0;
    open.length = 0;
    await look(stage.stateDir);
    return true;
  }, { what: "a look at all of it" });
  assert.ok(count > 15, `${count} files`);
  assert.deepEqual(open, []);
});

test("a user that is not root runs it with a state directory in a folder such as /tmp", async () => {
  await using world = await World.make(inspected("web", "web.example"));
  await Deno.chmod(world.folder, 0o755);
  await mkdir(`${world.folder}/shared`, 0o1777);
  const child = new Deno.Command("setpriv", {
    args: [
      ...[`--reuid=${OTHER}`, `--regid=${OTHER}`, "--clear-groups", ...program(), "run"],
      ...["--snapshot", "snapshot.json", "--http-port", `${freePort()}`, "--bind", "127.0.0.1"],
      ...["--max-connections", "100", "--haproxy", world.haproxy, "--log-format", "json"],
      ...["--state-dir", "shared/state", "--pid-file", "shared/pid", "--config", "shared/copy/haproxy.cfg"],
    ],
    cwd: world.folder,
    env: { HOME: "/nonexistent" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const output = new Response(child.stderr).text();
  try {
    // HAProxy runs by then: who ends it while it begins may be told so.
    for (const file of ["copy/haproxy.cfg", "pid"]) {
      await eventually(() => Deno.stat(`${world.folder}/shared/${file}`).then(() => true), { what: file });
    }
  } finally {
    child.kill("SIGTERM");
  }
  assert.equal((await child.status).code, 0, await output);
  assert.doesNotMatch(await output, /"level":"error"/);
});
