import assert from "node:assert/strict";
import { decodeHosts } from "../../../lib/docker/file/hosts_text.ts";

const TLS = { isVerified: true, certPath: "/certs" };
const read = (text: string, others: readonly string[] = []) =>
  decodeHosts(text, { folder: "/etc/box", tls: TLS, others });

/** What is wrong with each line that is. */
const mistakes = (text: string, others?: readonly string[]) => {
  const found = read(text, others);
  return found.ok ? found.mistakes.map(({ line, why }) => `${line}: ${why}`) : [`all of it: ${found.why}`];
};

Deno.test("a line names an engine, and the files of its TLS where these are its own", () => {
  const text = `# The engines of this site
unix:///var/run/docker.sock\t# here
  tcp://10.0.0.5:2376\r
tcp://10.0.0.6:2376 ca=/ca/six.pem cert=keys/cert.pem key=keys/key.pem
https://ten.example.com:2376 cert=c.pem key=k.pem

ssh://deploy@10.0.0.7
`;
  assert.deepEqual(read(text), {
    ok: true,
    mistakes: [],
    hosts: [
      { url: "unix:///var/run/docker.sock", tls: TLS },
      { url: "tcp://10.0.0.5:2376", tls: TLS },
      {
        url: "tcp://10.0.0.6:2376",
        tls: {
          ca: "/ca/six.pem",
          client: { cert: "/etc/box/keys/cert.pem", key: "/etc/box/keys/key.pem" },
        },
      },
      {
        url: "https://ten.example.com:2376",
        tls: { ca: undefined, client: { cert: "/etc/box/c.pem", key: "/etc/box/k.pem" } },
      },
      { url: "ssh://deploy@10.0.0.7", tls: TLS },
    ],
  });
});

Deno.test("a line that cannot be used is told with its number and what would be right, and the others count", () => {
  const text = `tcp://10.0.0.5:2376
10.0.0.6:2376
tcp://10.0.0.7:2376 tls=yes
tcp://10.0.0.8:2376 cert=a.pem
ssh://deploy@10.0.0.9 ca=/ca.pem
tcp://10.0.0.5:2376
tcp://10.0.0.10:2376 ca=/a ca=/b
unix:///here.sock
ssh://deploy@10.0.0.11
`;
  const found = read(text, ["unix:///here.sock"]);
  assert.deepEqual(found.ok && found.hosts.map(({ url }) => url), [
    "tcp://10.0.0.5:2376",
    "ssh://deploy@10.0.0.11",
  ]);
  assert.deepEqual(mistakes(text, ["unix:///here.sock"]), [
    `2: "10.0.0.6:2376" is no engine's URL, expected unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST`,
    `3: "tls=yes" is unknown, expected an engine's URL, with ca=FILE, cert=FILE and key=FILE behind it for TLS`,
    "4: cert= stands there without key=, expected both of the client's files",
    `5: "ssh://…@10.0.0.9" has files of TLS behind it, expected them behind tcp:// or https:// alone`,
    `6: "tcp://10.0.0.5:2376" stands further up too, where it counts`,
    "7: ca= stands there twice, expected one file",
    `8: "unix:///here.sock" is the engine of --docker-host, which is followed already`,
  ]);
});

Deno.test("a file without an engine is one that somebody writes, unless it says that there are to be none", () => {
  for (const text of ["", "\n\n", "# one day\n", "   # one day"]) {
    assert.deepEqual(mistakes(text), [
      'all of it: it names no engine, expected one a line, or the word "none" where there are to be none',
    ]);
  }
  assert.deepEqual(read("# for now:\nnone\n"), { ok: true, hosts: [], mistakes: [] });
});

Deno.test("a file has its limits, and says so", () => {
  const many = Array.from({ length: 1_001 }, (_, at) => `tcp://10.0.${at >> 8}.${at & 255}:2376`).join("\n");
  assert.deepEqual(mistakes(many), ["1001: it is one more than 1000 engines, expected fewer"]);
});
