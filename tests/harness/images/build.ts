/** Makes the live tests' images from what this machine has: an engine that can pull nothing needs nothing. */
import { join } from "node:path";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { docker } from "../docker_cli.ts";
import { importImage, place, placeBusybox, placeLibraries, runOrThrow } from "./parts.ts";

/** The images, by the names that `docker run` takes. */
export const TINY = "signalbox-test/tiny";
export const WITNESS = "signalbox-test/witness";

const HERE = fileURLToPath(new URL("./", import.meta.url));
const APPLETS =
  "sh httpd nc sleep hostname mkdir printf kill cat echo ls rm touch test true false wget ps env".split(" ");

/** Builds one of the images, unless this engine has it as it would be built now. */
export async function ensureImage(name: typeof TINY | typeof WITNESS): Promise<void> {
  if (name === TINY) {
    return await buildImage(TINY, ["tiny.sh"], ["/tiny.sh"], ["8080"], async (root) => {
      await placeBusybox(root, APPLETS);
      await place(join(HERE, "tiny.sh"), join(root, "tiny.sh"));
    });
  }
  const command = ["/bin/deno", "run", "--quiet", "--no-check", "--no-config", "-A", "/witness.ts"];
  await buildImage(WITNESS, ["witness.ts"], command, ["8080", "9090"], async (root) => {
    await placeBusybox(root, APPLETS);
    await place(Deno.execPath(), join(root, "bin", "deno"));
    await placeLibraries(Deno.execPath(), root);
    await place(join(HERE, "witness.ts"), join(root, "witness.ts"));
    await makeCertificate(join(root, "tls"));
  });
}

async function buildImage(
  name: string,
  sources: readonly string[],
  command: readonly string[],
  ports: readonly string[],
  fill: (root: string) => Promise<void>,
): Promise<void> {
  const hash = createHash("sha256");
  for (const source of [...sources, "build.ts", "parts.ts"]) {
    hash.update(await Deno.readFile(join(HERE, source)));
  }
  const fingerprint = hash.update(Deno.version.deno).digest("hex").slice(0, 16);
  const label = '{{index .Config.Labels "signalbox-test-source"}}';
  if (await docker("image", "inspect", "-f", label, name).catch(() => "") === fingerprint) return;
  const changes = [
    `ENTRYPOINT ${JSON.stringify(command)}`,
    "ENV PATH=/bin",
    "ENV DENO_DIR=/tmp",
    "ENV DENO_NO_UPDATE_CHECK=1",
    `LABEL signalbox-test-source=${fingerprint}`,
    ...ports.map((port) => `EXPOSE ${port}`),
  ];
  await importImage(name, changes, fill);
}

async function makeCertificate(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const out = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  await runOrThrow(
    ..."openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=witness".split(" ") as [
      string,
      ...string[],
    ],
    ...out,
  );
}
