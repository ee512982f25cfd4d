/** What an authority knows a certificate by. */
import assert from "node:assert/strict";
import { certificateIds } from "../../../lib/core/acme/der.ts";
import { TAG, writeDer } from "../../../lib/core/certificates/der.ts";

/** A certificate with a serial number and extensions, and nothing else that counts. */
function certificate(
  serial: readonly number[],
  ...extensions: readonly Uint8Array<ArrayBuffer>[]
): Uint8Array<ArrayBuffer> {
  const fields = [writeDer(TAG.integer, Uint8Array.from(serial))];
  if (extensions.length > 0) fields.push(writeDer(0xa3, writeDer(TAG.sequence, ...extensions)));
  return writeDer(TAG.sequence, writeDer(TAG.sequence, ...fields));
}
const extension = (id: readonly number[], value: Uint8Array<ArrayBuffer>) =>
  writeDer(TAG.sequence, writeDer(TAG.oid, Uint8Array.from(id)), writeDer(TAG.octets, value));

Deno.test("a certificate is known by its issuer's key and its number, as RFC 9773 has its example", () => {
  const keyId = Uint8Array.from(
    "69885b6b87464041e1b37b847bd0ae2cde01c8d4".match(/../g) ?? [],
    (digits) => parseInt(digits, 16),
  );
  const serial = [0x00, 0x87, 0x65, 0x43, 0x21];
  const constraints = extension([0x55, 0x1d, 0x13], writeDer(TAG.sequence));
  const found = certificateIds(
    certificate(
      serial,
      constraints,
      extension([0x55, 0x1d, 0x23], writeDer(TAG.sequence, writeDer(0x80, keyId))),
    ),
  );
  const base64url = (bytes: Uint8Array) =>
    btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  assert.equal(
    found && `${base64url(found.keyId)}.${base64url(found.serial)}`,
    "aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE",
  );
});

Deno.test("one that does not tell has no such name", () => {
  assert.equal(certificateIds(certificate([1])), undefined);
  assert.equal(
    certificateIds(certificate([1], extension([0x55, 0x1d, 0x23], writeDer(TAG.sequence)))),
    undefined,
  );
});
