import assert from "node:assert/strict";
import { certificateLines } from "../../../lib/core/status/certificate_status.ts";

const at = (name: string, day: string, origin: "file" | "self-signed" = "file") => ({
  name,
  origin,
  hosts: ["a.test", "b.test", "c.test", "d.test"],
  validTo: `2026-12-${day}T00:00:00.000Z`,
});

Deno.test("status lists certificates, those that expire first in front, and counts those behind the tenth", () => {
  const many = Array.from({ length: 12 }, (_, day) => at(`${day}.pem`, String(31 - day)));
  const lines = certificateLines([...many, at("self-signed", "01", "self-signed")]);
  assert.equal(lines.length, 11);
  assert.equal(
    lines[0],
    "certificate 11.pem: for a.test, b.test, c.test and 1 more, valid until 2026-12-20T00:00:00.000Z",
  );
  assert.equal(lines.at(-1), "and 2 other certificates, valid for longer");
});
