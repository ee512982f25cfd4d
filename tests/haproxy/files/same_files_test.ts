/** Files that do not change are linked from one set to the next, and are always what was asked for. */
import assert from "node:assert/strict";
import { SameFiles } from "../../../lib/haproxy/files/same_files.ts";

/** Writes sets into folders of their own. */
class Sets implements Disposable {
  readonly root = Deno.makeTempDirSync();
  readonly same = new SameFiles();

  /** Writes a set into a folder; it stays unless said. */
  write(folder: string, files: Readonly<Record<string, string>>, isKept = true): void {
    const path = `${this.root}/${folder}`;
    Deno.mkdirSync(path);
    this.same.write(path, new Map(Object.entries(files)));
    if (isKept) this.same.keep(path);
    for (const [name, text] of Object.entries(files)) assert.equal(this.read(`${folder}/${name}`), text);
  }

  read(path: string): string {
    return Deno.readTextFileSync(`${this.root}/${path}`);
  }

  isSame(a: string, b: string): boolean {
    return Deno.statSync(`${this.root}/${a}`).ino === Deno.statSync(`${this.root}/${b}`).ino;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

Deno.test("a file that is the same is linked through any number of sets, and others are written", () => {
  using sets = new Sets();
  sets.write("1", { "a.map": "a", "b.map": "b" });
  sets.write("2", { "a.map": "a", "b.map": "other" });
  sets.write("3", { "a.map": "a", "b.map": "b" });
  assert.deepEqual(
    [sets.isSame("1/a.map", "3/a.map"), sets.isSame("1/b.map", "2/b.map"), sets.isSame("1/b.map", "3/b.map")],
    [true, false, false],
  );
  assert.equal((Deno.statSync(`${sets.root}/3/a.map`).mode ?? 0) & 0o777, 0o600);
});

Deno.test("a file that somebody has changed, replaced or removed is written anew", () => {
  using sets = new Sets();
  const files = { "changed": "a", "replaced": "a", "removed": "a", "linked": "a" };
  sets.write("1", files);
  const at = (name: string) => `${sets.root}/1/${name}`;
  Deno.writeTextFileSync(at("changed"), "planted");
  Deno.utimeSync(at("changed"), 1, 1);
  Deno.writeTextFileSync(at("new"), "planted");
  Deno.renameSync(at("new"), at("replaced"));
  Deno.removeSync(at("removed"));
  Deno.removeSync(at("linked"));
  Deno.symlinkSync("changed", at("linked"));
  sets.write("2", files);
});

Deno.test("a set whose folder is gone is written whole", () => {
  using sets = new Sets();
  sets.write("1", { "a.map": "a" });
  Deno.removeSync(`${sets.root}/1`, { recursive: true });
  sets.write("2", { "a.map": "a" });
});

Deno.test("a set that was only tried out is not linked to: it is about to go", () => {
  using sets = new Sets();
  sets.write("1", { "a.map": "a" });
  sets.write("2", { "a.map": "other" }, false);
  Deno.removeSync(`${sets.root}/2`, { recursive: true });
  sets.write("3", { "a.map": "a" });
  assert.ok(sets.isSame("1/a.map", "3/a.map"));
});
