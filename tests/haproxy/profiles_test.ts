/** What clients of each kind get from the profiles of `--tls-profile`, as openssl's own client sees it. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { emptySnapshot } from "../../lib/core/snapshot/snapshot.ts";
import { makePair, NOW } from "../certificates/files.ts";
import { freePort } from "../harness/http.ts";
import { called, everyProgram as programs, onStage } from "./stage.ts";

type Profile = "intermediate" | "modern";

const REFUSED = /Cipher is \(NONE\)/;
/** By the version and, where one is named, the cipher. */
const taken = (version: string, cipher = "\\S+") => new RegExp(`New, ${version}, Cipher is ${cipher}`);
const TLS_1_2 = ["-tls1_2", "-cipher"];
const TLS_1_3 = ["-tls1_3", "-ciphersuites"];

/** A client: its flags, and what it finds under each profile. */
type Row = readonly [flags: readonly string[], intermediate: RegExp, modern: RegExp];

const ofBoth = (flags: readonly string[], found: RegExp): Row => [flags, found, found];
const ofOne = (flags: readonly string[], found: RegExp): Row => [flags, found, REFUSED];

const ROWS: readonly Row[] = [
  ofBoth(["-tls1"], REFUSED),
  ofBoth(["-tls1_1"], REFUSED),
  ofOne(["-tls1_2"], taken("TLSv1.2", "ECDHE-\\S+")),
  ofBoth([], taken("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
  // Mozilla's ciphers, by a key of each kind, in the client's order.
  ...["ECDSA", "RSA"].flatMap((key) =>
    ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].map((cipher) =>
      ofOne([...TLS_1_2, `ECDHE-${key}-${cipher}`], taken("TLSv1.2", `ECDHE-${key}-${cipher}`))
    )
  ),
  ...[
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES256-SHA384",
    "AES128-GCM-SHA256",
    "DHE-RSA-AES128-GCM-SHA256",
  ]
    .map((cipher) => ofBoth([...TLS_1_2, `${cipher}:@SECLEVEL=0`], REFUSED)),
  ...["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"].map((cipher) =>
    ofBoth([...TLS_1_3, cipher], taken("TLSv1.3", cipher))
  ),
  ofBoth([...TLS_1_3, "TLS_AES_128_CCM_SHA256"], REFUSED),
  // HTTP/2 where the client can, without compression of TLS (CRIME).
  ofBoth(["-alpn", "http/1.1,h2"], /ALPN protocol: h2/),
  ofBoth(["-alpn", "http/1.1"], /ALPN protocol: http\/1[.]1/),
  ofBoth(["-alpn", "spdy/3"], /No ALPN negotiated|Cipher is \(NONE\)/),
  ofOne(["-tls1_2", "-comp"], /Compression: NONE/),
  // A client cannot begin anew within a connection.
  ofOne(["-tls1_2", "-RENEGOTIATE"], /RENEGOTIATING[^]*(?:no renegotiation|alert|error)/i),
];

/** What openssl says as a client; it sends `input`, and reads until the other side has ended. */
async function shake(port: number, input: string, flags: readonly string[]): Promise<string> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "a.test", ...flags],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => undefined);
  if (!flags.includes("-ign_eof")) await writer.close().catch(() => undefined);
  const { stdout, stderr } = await child.output();
  await writer.close().catch(() => undefined);
  return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
}

const REQUEST = "GET /haproxy?monitor HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

for (const program of programs.filter(({ version }) => /^(?:2[.]6|3[.]2)/.test(version))) {
  for (const profile of ["intermediate", "modern"] as const satisfies readonly Profile[]) {
    Deno.test(`${called(program)}: the profile ${profile} takes and refuses what it should, and resumes sessions but where clients are asked for certificates`, async () => {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.mkdir(`${folder}/tls`);
        for (const [name, key] of [["ec", undefined], ["rsa", ["rsa:2048"]]] as const) {
          const pair = await makePair(folder, name, ["a.test"], key === undefined ? {} : { key });
          await Deno.writeTextFile(`${folder}/tls/${name}.pem`, pair.crt + pair.key);
        }
        const files = new CertificateFiles([{ path: `${folder}/tls`, origin: "file" }], undefined);
        const port = freePort();
        const settings = { "tls-cert": `${folder}/tls`, "https-port": `${port}`, "tls-profile": profile };
        const session = `${folder}/session`;
        const resumes = async (version: string) => {
          const first = await shake(port, REQUEST, ["-ign_eof", version, "-sess_out", session]);
          if (version === "-tls1_2") assert.doesNotMatch(first, /TLS session ticket:/);
          const there = await Deno.stat(session).then(() => true, () => false);
          return there &&
            /^Reused, TLS/m.test(await shake(port, REQUEST, ["-ign_eof", version, "-sess_in", session]));
        };
        const versions = profile === "modern" ? ["-tls1_3"] : ["-tls1_2", "-tls1_3"];
        const apply = async (stage: Parameters<Parameters<typeof onStage>[2]>[0]) => {
          const { design } = stage.routing;
          const { model } = design.build(emptySnapshot, undefined, undefined, await files.read(NOW));
          await stage.apply({ desired: design.render(model), states: new Map() });
        };
        await onStage(program, { settings }, async (stage) => {
          await apply(stage);
          for (const [flags, intermediate, modern] of ROWS) {
            const isAgain = flags.includes("-RENEGOTIATE");
            const own = flags.filter((flag) => flag !== "-RENEGOTIATE");
            const more = own.includes("-cipher") ? [] : ["-cipher", "ALL:@SECLEVEL=0"];
            const said = await shake(port, isAgain ? "R\n" : "", [...more, ...own]);
            assert.match(said, profile === "modern" ? modern : intermediate, flags.join(" "));
          }
          for (const version of versions) assert.ok(await resumes(version), version);
        });
        await Deno.remove(session).catch(() => undefined);
        await onStage(program, { settings: { ...settings, "client-ca": `${folder}/tls` } }, async (stage) => {
          await apply(stage);
          for (const version of versions) assert.ok(!await resumes(version), `${version} with --client-ca`);
        });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}
