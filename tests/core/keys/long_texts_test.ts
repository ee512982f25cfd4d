/** A container's value may be long: no parser of a key takes a time that grows faster than its text. */
import assert from "node:assert/strict";
import { KEY_NAMES, keyNamed } from "../../../lib/core/keys/route_keys.ts";
import { OLDEST_HAPROXY } from "../../../lib/core/settings/setting_values.ts";

const FRONTS = [
  "",
  "a",
  "a:",
  "a: b",
  "a=",
  "/a ",
  "~/",
  "httpchk GET / ",
  "hash header ",
  "http://",
  "a:{SHA}",
];
/** What patterns repeat. */
const FILLS = [
  " ",
  "\t",
  "a",
  "0",
  "/",
  ".",
  ":",
  "a.",
  "a/",
  "*",
  "[",
  "(",
  "-",
  "%25",
  '"',
  "\\",
  ",",
  "=",
  ";",
];
/** What none of them ends with, so that all of it is tried again. */
const ENDS = ["\n", "\nb"];
/** A pattern that reads this from each of its places has no end. */
const LENGTH = 400_000;

for (const name of KEY_NAMES) {
  const { kind, parse } = keyNamed(name);
  if (parse === undefined || (kind !== "string" && kind !== "text" && kind !== "string[]")) continue;
  Deno.test(`${name}: a long text is read, or refused, at once`, () => {
    for (const front of FRONTS) {
      for (const fill of FILLS) {
        const long = fill.repeat(LENGTH / fill.length);
        for (const end of ENDS) {
          assert.equal(typeof parse(`${front}${long}${end}`, OLDEST_HAPROXY).ok, "boolean");
        }
      }
    }
  });
}
