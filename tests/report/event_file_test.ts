/** The file of events: bounded, whole lines, whatever the events hold and wherever the disk ends. */
import assert from "node:assert/strict";
import { History, type KeptEvent } from "../../lib/core/status/history.ts";
import { putIntoWords } from "../../lib/core/status/put_into_words.ts";
import { EventFile } from "../../lib/report/event_file.ts";
import { HandClock } from "../harness/hand_clock.ts";

const EVIL = 'a\u001b[2J\u009b\u007f\n\u202e\u2028\ufeff\u{e0041}\ud800"z';

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-events-" });
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function open(folder: string, given: { mostBytes?: number; onFailure?: (error: unknown) => void } = {}) {
  return new EventFile(folder, {
    clock: new HandClock(),
    onFailure: (error) => assert.fail(String(error)),
    ...given,
  });
}

/** So many events, each with its number; `text` stands in each. */
function events(count: number, text = ""): readonly KeptEvent[] {
  const history = new History();
  const kept: KeptEvent[] = [];
  history.follow((event) => kept.push(event));
  for (let at = 0; at < count; at++) {
    history.note(putIntoWords({ kind: "drifted", detail: `${at} ${text}` }), new Date(1_000));
  }
  return kept;
}

Deno.test("what is written is read again as it was, with each hostile character", async () => {
  await inFolder(async (folder) => {
    const file = open(folder);
    const told = events(3, EVIL);
    told.forEach((event) => file.add(event));
    await file.flush();
    assert.deepEqual(await open(folder).read(), told);
    const text = await Deno.readTextFile(`${folder}/events.jsonl`);
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.equal(text.trim().split("\n").length, told.length);
    assert.equal(((await Deno.stat(`${folder}/events.jsonl`)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("events are written by the clock, and none are while nothing happens", async () => {
  await inFolder(async (folder) => {
    const clock = new HandClock();
    const file = new EventFile(folder, { clock, onFailure: (error) => assert.fail(String(error)) });
    assert.equal(clock.waiting, 0);
    events(5).forEach((event) => file.add(event));
    assert.equal(clock.waiting, 1);
    clock.pass(200);
    assert.equal(clock.waiting, 0);
    await file.flush();
    assert.equal((await file.read()).length, 5);
  });
});

Deno.test("both files together stay below their size, and have the newest events without a gap", async () => {
  await inFolder(async (folder) => {
    const file = open(folder, { mostBytes: 2_000 });
    const told = events(100);
    for (const event of told) {
      file.add(event);
      await file.flush();
    }
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["events.jsonl", "events.old.jsonl"]);
    for (const name of names) assert.ok(Deno.statSync(`${folder}/${name}`).size <= 2_000, name);
    const read = await file.read();
    assert.ok(read.length >= 10 && read.length < 100, `${read.length}`);
    assert.deepEqual(read, told.slice(-read.length));
  });
});

Deno.test("a line that was cut off costs itself alone, and rubbish is no event", async () => {
  await inFolder(async (folder) => {
    const [first, second, third] = events(3);
    assert.ok(first && second && third);
    const half = JSON.stringify(second).slice(0, 40);
    const rubbish = ["null", "[]", "{}", '{"id":1}', '{"id":"1","at":"x"}', "\u0000"];
    await Deno.writeTextFile(
      `${folder}/events.jsonl`,
      [JSON.stringify(first), ...rubbish, half].join("\n"),
    );
    const file = open(folder);
    file.add(third);
    await file.flush();
    assert.deepEqual(await file.read(), [first, third]);
  });
});

Deno.test("of a file that somebody has made too long, the end is read", async () => {
  await inFolder(async (folder) => {
    const told = events(1_000);
    const lines = told.map((event) => `${JSON.stringify(event)}\n`).join("");
    await Deno.writeTextFile(`${folder}/events.jsonl`, lines);
    const read = await open(folder, { mostBytes: 5_000 }).read();
    assert.ok(read.length > 10 && read.length < 100, `${read.length}`);
    assert.deepEqual(read, told.slice(-read.length));
  });
});

Deno.test("a line of megabytes costs itself alone, wherever it stands", async () => {
  await inFolder(async (folder) => {
    const told = events(30);
    const lines = told.map((event) => `${JSON.stringify(event)}\n`);
    const long = JSON.stringify({ ...told[0], text: "x".repeat(1_800_000) });
    for (const at of [0, 15, 30]) {
      const [before, after] = [lines.slice(0, at).join(""), lines.slice(at).join("")];
      await Deno.writeTextFile(`${folder}/events.jsonl`, `${before}${long}\n${after}`);
      assert.deepEqual(await open(folder).read(), told, `behind ${at} lines`);
    }
    await Deno.writeTextFile(`${folder}/events.jsonl`, lines.join("") + long);
    assert.deepEqual(await open(folder).read(), told, "a last line without an end");
  });
});

Deno.test("what cannot be written is told once, waits within bounds, and is written once that can be", async () => {
  await inFolder(async (folder) => {
    const gone = `${folder}/gone`;
    const told: unknown[] = [];
    const file = open(gone, { onFailure: (error) => told.push(error) });
    const all = events(700);
    for (const event of all.slice(0, 3)) {
      file.add(event);
      await file.flush();
    }
    all.slice(3).forEach((event) => file.add(event));
    assert.equal(told.length, 1);
    await Deno.mkdir(gone);
    await file.flush();
    assert.deepEqual(await file.read(), all.slice(-500));
  });
});

Deno.test("a link or a pipe in the file's place is neither read nor written", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/events.jsonl`;
    const victim = `${folder}/victim`;
    const pipe = () => new Deno.Command("mkfifo", { args: [path] }).output();
    await Deno.writeTextFile(victim, "mine\n");
    for (const plant of [() => Deno.symlink(victim, path), pipe]) {
      await plant();
      const failures: string[] = [];
      const file = open(folder, { onFailure: (error) => failures.push(String(error)) });
      for (const event of events(1)) file.add(event);
      await file.flush();
      assert.match(failures.join(), /events[.]jsonl is no regular file/);
      assert.deepEqual(await file.read(), []);
      await Deno.remove(path);
      await file.flush();
      assert.equal((await file.read()).length, 1, "what waited is written once the file can be");
      await Deno.remove(path);
    }
    assert.equal(await Deno.readTextFile(victim), "mine\n");
  });
});
