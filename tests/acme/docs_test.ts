/** What docs/tls.md gives people to copy: hooks for the DNS, and ways from other programs. */
import assert from "node:assert/strict";
import { DnsHook } from "../../lib/acme/dns_hook.ts";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { systemClock } from "../../lib/clock.ts";
import { makePair } from "../certificates/files.ts";
import { blocksOf, read } from "../docs/documents.ts";
import { eventually } from "../harness/eventually.ts";
import { agent } from "./agent_stage.ts";

/** The one example that a text stands in. */
async function example(text: string): Promise<string> {
  const [block, ...others] = blocksOf(await read("docs/tls.md")).filter(({ body }) => body.includes(text));
  assert.ok(block !== undefined && others.length === 0, `one block with ${text}`);
  return block.body;
}

async function writeProgram(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text, { mode: 0o700 });
}

const WILDCARD = ["example.com", "*.example.com"];

agent("the hook of nsupdate gets a wildcard, and takes its records away", {}, async (stage) => {
  const { folder } = stage.storage;
  const [bin, log] = [`${folder}/bin`, `${folder}/updates`];
  await writeProgram(`${bin}/sleep`, "#!/bin/sh\n");
  // Stands in for nsupdate and its server: what it is told goes to the authority's name server.
  await writeProgram(
    `${bin}/nsupdate`,
    `#!/bin/sh
[ "$1 $2" = "-k /etc/signalbox/dns.key" ] || exit 9
text=$(cat)
[ "$(printf '%s\\n' "$text" | sed -n '1p;3p' | tr '\\n' ' ')" = "server ns1.example.com send " ] || exit 8
set -- $(printf '%s\\n' "$text" | sed -n 's/^update \\(add\\|delete\\) \\([^ ]*\\)[.] 60 TXT "\\([^"]*\\)"$/\\1 \\2 \\3/p')
[ $# = 3 ] || exit 7
echo "$1 $2" >>${log}
if [ "$1" = add ]; then set -- present "$2" "$3"; fi
${stage.pebble.dnsHook}
`,
  );
  await writeProgram(`${folder}/dns-hook`, await example("nsupdate -k"));
  const { want, report } = await stage.agent({
    proof: new DnsHook(`PATH=${bin}:$PATH ${folder}/dns-hook`, systemClock),
  });
  want(WILDCARD);
  await stage.certificate(...WILDCARD);
  assert.deepEqual(report.of("certificate-failed"), []);
  const [add, gone] = ["add _acme-challenge.example.com", "delete _acme-challenge.example.com"];
  assert.deepEqual((await Deno.readTextFile(log)).trim().split("\n"), [add, add, gone, gone]);
});

agent("the hook of an API gets a wildcard, and takes its records away", {}, async (stage) => {
  const { folder } = stage.storage;
  const records = new Map<string, { readonly name: string; readonly content: string }>();
  const tell = async (
    word: string,
    { name, content }: { readonly name: string; readonly content: string },
  ) => {
    const script = `${stage.pebble.dnsHook}`;
    const args = ["-c", `${script}\n`, "sh", word, name, content];
    assert.ok((await new Deno.Command("sh", { args, stdout: "null" }).output()).success);
  };
  const api = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [, zone, kind, id = ""] = pathname.split("/");
    if (zone !== "zone-1" || kind !== "dns_records") return new Response("{}", { status: 404 });
    if (request.headers.get("authorization") !== "Bearer secret") return new Response("{}", { status: 403 });
    if (request.method === "POST") {
      const record = await request.json();
      assert.deepEqual([record.type, record.ttl], ["TXT", 60]);
      records.set(`id${records.size}`, record);
      await tell("present", record);
    } else if (request.method === "DELETE") {
      const record = records.get(id);
      if (record === undefined) return new Response("{}", { status: 404 });
      records.delete(id);
      await tell("cleanup", record);
    }
    // Cloudflare quotes what it gives back.
    const result = [...records].filter(([, { name }]) => name === searchParams.get("name"))
      .map(([id, { name, content }]) => ({ id, name, content: `"${content}"` }));
    return Response.json({ success: true, result });
  });
  stage.defer(() => api.shutdown());
  const hook = await example("api.cloudflare.com");
  const local = `http://127.0.0.1:${api.addr.port}`;
  await writeProgram(
    `${folder}/dns-hook`,
    hook.replace("https://api.cloudflare.com/client/v4/zones", local),
  );
  await writeProgram(`${folder}/bin/sleep`, "#!/bin/sh\n");
  const command = `PATH=${folder}/bin:$PATH ZONE=zone-1 TOKEN=secret ${folder}/dns-hook`;
  const { want, report } = await stage.agent({ proof: new DnsHook(command, systemClock) });
  want(WILDCARD);
  await stage.certificate(...WILDCARD);
  assert.deepEqual(report.of("certificate-failed"), []);
  await eventually(() => records.size === 0, { what: "the records to be gone" });
});

/** The names of the certificates that `--tls-cert` finds in a folder, and what is told of it. */
async function found(path: string) {
  const { certificates, notices } = await new CertificateFiles([{ path, origin: "file" }], undefined).read(0);
  return { names: certificates.map(({ names }) => names.join()).sort(), notices };
}

Deno.test("what Traefik has becomes files that --tls-cert reads, wildcards beside the name below them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sba-" });
  try {
    const hosts = [["a.example.com", "www.a.example.com"], ["*.a.example.com"], ["b.example.com"]];
    const all = await Promise.all(hosts.map(async (names, at) => {
      const { crt, key } = await makePair(folder, `pair${at}`, names);
      const [main, ...sans] = names;
      const domain = { main, ...sans.length > 0 && { sans } };
      return { domain, certificate: btoa(crt), key: btoa(key), Store: "default" };
    }));
    const account = { Email: "me@example.com", PrivateKey: btoa("none") };
    const resolvers = {
      first: { Account: account, Certificates: all.slice(0, 2) },
      second: { Account: account, Certificates: all.slice(2) },
      empty: { Account: account, Certificates: null },
    };
    await Deno.writeTextFile(`${folder}/acme.json`, JSON.stringify(resolvers));
    const args = ["-ec", await example("acme.json")];
    const { success, stderr } = await new Deno.Command("sh", { args, cwd: folder }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.deepEqual(await found(`${folder}/certs`), { names: hosts.map(String).sort(), notices: [] });
    for await (const { name } of Deno.readDir(`${folder}/certs`)) {
      assert.equal(((await Deno.stat(`${folder}/certs/${name}`)).mode ?? 0) & 0o077, 0, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("certbot's folder is read as it is, with its links and its README", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sba-" });
  try {
    const [live, archive] = [`${folder}/live`, `${folder}/archive`];
    for (const host of ["a.example.com", "b.example.com"]) {
      for (const place of [live, archive]) await Deno.mkdir(`${place}/${host}`, { recursive: true });
      const { crt, key } = await makePair(folder, host, [host]);
      for (
        const [name, text] of [["fullchain", crt], ["cert", crt], ["chain", ""], ["privkey", key]] as const
      ) {
        await Deno.writeTextFile(`${archive}/${host}/${name}1.pem`, text);
        await Deno.symlink(`../../archive/${host}/${name}1.pem`, `${live}/${host}/${name}.pem`);
      }
      await Deno.writeTextFile(
        `${live}/${host}/README`,
        "This directory contains your keys and certificates.\n",
      );
    }
    await Deno.writeTextFile(`${live}/README`, "This directory contains your keys and certificates.\n");
    const { names, notices } = await found(live);
    assert.deepEqual([...new Set(names)], ["a.example.com", "b.example.com"]);
    assert.deepEqual(notices.filter(({ severity }) => severity === "warning"), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("acme.sh's folders are read as they are, those of ECDSA too, beside what else it keeps there", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sba-" });
  try {
    const kinds = {
      "a.example.com_ecc": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      "b.example.com": ["rsa:2048"],
    };
    for (const [inner, key] of Object.entries(kinds)) {
      const host = inner.replace("_ecc", "");
      const [own, made] = [`${folder}/acme/${inner}`, await makePair(folder, host, [host], { key })];
      await Deno.mkdir(own, { recursive: true });
      const files = {
        "fullchain.cer": made.crt,
        [`${host}.cer`]: made.crt,
        [`${host}.key`]: made.key,
        "ca.cer": "",
      };
      for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${own}/${name}`, text);
      for (const name of ["conf", "csr", "csr.conf"]) {
        await Deno.writeTextFile(`${own}/${host}.${name}`, "Le_Domain\n");
      }
    }
    await Deno.writeTextFile(`${folder}/acme/account.conf`, "AUTO_UPGRADE='1'\n");
    const { names, notices } = await found(`${folder}/acme`);
    assert.deepEqual([...new Set(names)], ["a.example.com", "b.example.com"]);
    assert.deepEqual(notices.filter(({ severity }) => severity === "warning"), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
