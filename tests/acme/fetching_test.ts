/** Certificates by themselves, against a real authority. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { eventually } from "../harness/program.ts";
import { eventsOf } from "../harness/events.ts";
import { acme } from "./acme_stage.ts";

/** The certificate of a storage, once it is there. */
export function certificateIn(storage: string, name: string): Promise<X509Certificate> {
  return eventually(
    async () =>
      new X509Certificate(
        await Deno.readTextFile(`${storage}/certificates/${name}.pem`).then((text) =>
          text.slice(text.indexOf("-----BEGIN CERT"))
        ),
      ),
    { what: `the certificate of ${name}`, limitMs: 20_000 },
  );
}

acme(
  "a host that is routed has a certificate a moment later, and its files are for their owner alone",
  {},
  async (stage) => {
    const { storage, start } = stage;
    const { program } = await start({ hosts: [["web.example.com", "www.example.com"]] });
    const certificate = await certificateIn(storage, "web.example.com");
    assert.equal(certificate.subjectAltName, "DNS:web.example.com, DNS:www.example.com");
    const text = await Deno.readTextFile(`${storage}/certificates/web.example.com.pem`);
    assert.match(text, /-----BEGIN PRIVATE KEY-----/);
    for (const path of ["account.pem", "record.json", "certificates/web.example.com.pem"]) {
      assert.equal((await Deno.stat(`${storage}/${path}`)).mode! & 0o777, 0o600, path);
    }
    const [told] = eventsOf(program.lines, "certificate-fetched");
    console.log(told);
  },
);
