/** What failed before is tried at once where authorities are asked in another way, and what they said themselves is obeyed. */
import assert from "node:assert/strict";
import { noteFailure, noteIssued, noteSettings } from "../../../lib/core/acme/failures.ts";
import { type AcmeRecord, decodeRecord, emptyRecord, pruneRecord } from "../../../lib/core/acme/record.ts";
import { scheduleOf } from "../../../lib/core/acme/schedule.ts";
import type { HostName } from "../../../lib/core/values/names.ts";

const NOW = Date.UTC(2026, 5, 1);
const MINUTE = 60_000;
const HERE = "https://ca.example.com/directory";
const ELSEWHERE = "https://other.example.com/directory";

/** What was kept on the disk and read again. */
const kept = (record: AcmeRecord): AcmeRecord => decodeRecord(JSON.stringify(record));

/** The hosts that are ordered now, and where. */
const ordered = (record: AcmeRecord, authorities: readonly string[] = [HERE], nowMs = NOW + MINUTE) =>
  scheduleOf({
    wants: ["a.test", "b.test"].map((host) => ({ name: host, hosts: [host as HostName], owner: host })),
    held: [],
    record,
    nowMs,
    authorities,
  }).orders.map(({ hosts, authority }) => `${hosts} at ${authority}`);

const BOTH = [`a.test at ${HERE}`, `b.test at ${HERE}`];

/** A record with so many failures of the authority, and of a host. */
function failing(more: { readonly retryAfterMs?: number } = {}): AcmeRecord {
  let record = noteSettings(emptyRecord, "before", [HERE]);
  for (let at = 5; at > 0; at--) {
    const atMs = NOW - at * 1_000;
    record = noteFailure(record, { fault: "authority", hosts: {}, why: "no CA", ...more }, HERE, atMs);
    record = noteFailure(
      record,
      { fault: "host", hosts: { "a.test": "no" }, why: "no", ...more },
      HERE,
      atMs,
    );
  }
  return kept(record);
}

Deno.test("with the same settings what failed goes on waiting, also after a restart", () => {
  const record = failing();
  assert.deepEqual(ordered(record), []);
  assert.equal(noteSettings(record, "before", [HERE]), record);
});

Deno.test("with other settings it is tried at once, and a host that fails again waits longer than before", () => {
  const record = kept(noteSettings(failing(), "after", [HERE]));
  assert.deepEqual(ordered(record).sort(), BOTH);
  assert.equal(record.authorities[HERE]?.failures, 0);
  const again = noteFailure(record, { fault: "host", hosts: { "a.test": "no" }, why: "no" }, HERE, NOW);
  assert.equal(again.hosts["a.test"]?.failures, 6);
  assert.equal(noteSettings(again, "after", [HERE]), again, "once alone");
});

Deno.test("a time that an authority said itself holds on while that one is asked, and for no other", () => {
  const record = failing({ retryAfterMs: 120 * MINUTE });
  const mended = kept(noteSettings(record, "after", [HERE]));
  assert.deepEqual(ordered(mended), []);
  assert.deepEqual(ordered(mended, [HERE], NOW + 119 * MINUTE), []);
  assert.deepEqual(ordered(mended, [HERE], NOW + 120 * MINUTE).sort(), BOTH);
  const moved = kept(noteSettings(record, "after", [ELSEWHERE]));
  assert.equal(ordered(moved, [ELSEWHERE]).length, 2);
  // The word of a host's last failure but one is not lost.
  const later = noteFailure(record, { fault: "host", hosts: { "a.test": "no" }, why: "no" }, HERE, NOW);
  assert.deepEqual(ordered(kept(noteSettings(later, "after", [HERE])), [HERE], NOW + 119 * MINUTE), []);
});

Deno.test("a record of an older version is not known to have other settings; pruning and successes keep the digest", () => {
  const { settings: _, ...older } = failing();
  const noted = noteSettings(older, "after", [HERE]);
  assert.deepEqual(ordered(noted), []);
  assert.equal(
    pruneRecord(noteIssued(noted, HERE, ["a.test"], NOW), NOW, new Set(), new Set()).settings,
    "after",
  );
});
