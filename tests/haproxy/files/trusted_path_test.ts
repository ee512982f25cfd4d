/** Ways to files on which another user could lead us elsewhere; only root can make what belongs to others. */
import assert from "node:assert/strict";
import { copyFiles, writeFile } from "../../../lib/haproxy/files/safe_files.ts";
import { checkOwnFolder, checkWay, UntrustedPathError } from "../../../lib/haproxy/files/trusted_path.ts";

const OTHER = 65_534;
const ignore = Deno.uid() !== 0;
const FILES = new Map([["haproxy.cfg", "# config\n"], ["hosts.map", "# map\n"]]);

/** A folder of ours that goes with the test. */
function test(name: string, act: (folder: string) => void | Promise<void>): void {
  Deno.test({
    name,
    ignore,
    fn: async () => {
      const folder = Deno.makeTempDirSync({ prefix: "signalbox-trust-" });
      Deno.chmodSync(folder, 0o755);
      try {
        await act(folder);
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

function plant(target: string, path: string): void {
  Deno.symlinkSync(target, path);
  assert.ok(
    new Deno.Command("chown", { args: ["-h", `${OTHER}`, path], stdin: "null" }).outputSync().success,
  );
}

function mkdir(path: string, mode: number, uid = 0, gid = 0): string {
  Deno.mkdirSync(path);
  Deno.chownSync(path, uid, gid);
  Deno.chmodSync(path, mode);
  return path;
}

for (const trust of ["links", "folders"] as const) {
  for (const planted of ["haproxy.cfg", "hosts.map"]) {
    test(`${planted} as a link of another user is not followed (${trust}), not even in /tmp's kind of folder`, (folder) => {
      const secret = `${folder}/secret`;
      Deno.writeTextFileSync(secret, "secret", { mode: 0o600 });
      const shared = mkdir(`${folder}/shared`, 0o1777);
      plant(secret, `${shared}/${planted}`);
      assert.throws(() => copyFiles({ files: FILES }, `${shared}/haproxy.cfg`, trust), UntrustedPathError);
      assert.equal(Deno.readTextFileSync(secret), "secret");
      assert.equal(Deno.statSync(secret).mode! & 0o777, 0o600);
    });
  }

  test(`a folder as a link of another user is not followed (${trust})`, (folder) => {
    const own = mkdir(`${folder}/own`, 0o700);
    const shared = mkdir(`${folder}/shared`, 0o1777);
    plant(own, `${shared}/out`);
    plant("../own", `${shared}/near`);
    for (const name of ["out", "near", "out/further"]) {
      assert.throws(
        () => copyFiles({ files: FILES }, `${shared}/${name}/haproxy.cfg`, trust),
        UntrustedPathError,
      );
    }
    assert.deepEqual([...Deno.readDirSync(own)], []);
  });

  test(`links of our own are followed, file by file, and stay links (${trust})`, (folder) => {
    mkdir(`${folder}/real`, 0o755);
    mkdir(`${folder}/maps`, 0o755);
    Deno.symlinkSync("real", `${folder}/link`);
    Deno.symlinkSync("../maps/there.map", `${folder}/real/hosts.map`);
    copyFiles({ files: FILES }, `${folder}/link/./../link/haproxy.cfg`, trust);
    assert.equal(Deno.readTextFileSync(`${folder}/real/haproxy.cfg`), "# config\n");
    assert.equal(Deno.readTextFileSync(`${folder}/maps/there.map`), "# map\n");
    assert.ok(Deno.lstatSync(`${folder}/real/hosts.map`).isSymlink);
  });
}

test("links that lead in a circle are an error", (folder) => {
  Deno.symlinkSync("b", `${folder}/a`);
  Deno.symlinkSync("a", `${folder}/b`);
  assert.throws(() => writeFile(`${folder}/a`, "", "links"), /one link too many/);
});

test("the folder of another user is written to by hand, and is not used for what runs", (folder) => {
  const theirs = mkdir(`${folder}/theirs`, 0o755, OTHER);
  writeFile(`${theirs}/by/hand`, "text", "links");
  assert.equal(Deno.readTextFileSync(`${theirs}/by/hand`), "text");
  for (const path of [`${theirs}/file`, `${theirs}/by/file`]) {
    assert.throws(() => writeFile(path, "text", "folders"), /theirs belongs to user 65534, .*expected/);
  }
});

const MODES: readonly (readonly [mode: number, gid: number, isRefused: boolean])[] = [
  [0o755, OTHER, false],
  [0o777, 0, true],
  // As /tmp and /dev/shm are.
  [0o1777, 0, false],
  [0o775, 0, false],
  // The group that is nobody's own.
  [0o775, OTHER, true],
  // A group that no list of this machine has.
  [0o775, 54_321, true],
];

for (const [mode, gid, isRefused] of MODES) {
  test(`a folder of mode ${mode.toString(8)} and group ${gid} is ${isRefused ? "refused" : "used"}`, (folder) => {
    const shared = mkdir(`${folder}/shared`, mode, 0, gid);
    const own = mkdir(`${shared}/own`, 0o700);
    if (isRefused) assert.throws(() => checkWay(`${own}/file`), /shared can be written by .*chmod go-w/);
    else checkWay(`${own}/file`);
  });
}

test("a folder of our own takes files of nobody else, not even where it is sticky", (folder) => {
  for (const [mode, isRefused] of [[0o700, false], [0o755, false], [0o777, true], [0o1777, true]] as const) {
    const own = mkdir(`${folder}/${mode.toString(8)}`, mode);
    if (isRefused) assert.throws(() => checkOwnFolder(own), /can be written by every user/);
    else checkOwnFolder(own);
  }
  checkOwnFolder(`${folder}/missing/folder`);
  assert.throws(() => checkOwnFolder(mkdir(`${folder}/theirs`, 0o755, OTHER)), /belongs to user 65534/);
});

test("whoever writes comes back to the folder that it was in", (folder) => {
  const before = Deno.cwd();
  writeFile(`${folder}/new/folder/file`, "text", "folders");
  assert.throws(() => writeFile(`${folder}/new/folder`, "text", "folders"), /is no regular file/);
  assert.equal(Deno.cwd(), before);
  assert.deepEqual([...Deno.readDirSync(`${folder}/new/folder`)].map(({ name }) => name), ["file"]);
});
