/** Images under the names that they have in public, made from this machine's own Debian packages: none can be pulled. */
import { join } from "node:path";
import { importImage, place, placeBusybox, placeLibraries, whereIs } from "./parts.ts";

/** Makes `busybox` from Debian's busybox-static, with all its applets. */
export async function makeBusybox(name: string): Promise<void> {
  await importImage(name, ['CMD ["sh"]', "ENV PATH=/bin"], placeBusybox);
}

/** Makes a base for signalbox's Dockerfile: a shell, Debian's haproxy with its libraries, and the account that it uses. */
export async function makeDebian(name: string): Promise<void> {
  const path = "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  await importImage(name, ['CMD ["sh"]', path], placeDebian);
}

/** Places what such a base has. */
export async function placeDebian(root: string): Promise<void> {
  await placeBusybox(root);
  const haproxy = await whereIs("haproxy");
  await place(haproxy, join(root, "usr/sbin/haproxy"));
  const binary = Deno.env.get("SIGNALBOX_BIN");
  for (const program of [haproxy, ...(binary === undefined ? [] : [binary])]) {
    await placeLibraries(program, root);
  }
  for (const folder of ["etc", "run"]) await Deno.mkdir(join(root, folder));
  for (const file of ["etc/passwd", "etc/group"]) {
    const lines = (await Deno.readTextFile(`/${file}`)).split("\n");
    const own = lines.filter((line) => ["root", "haproxy"].includes(line.split(":")[0] ?? ""));
    await Deno.writeTextFile(join(root, file), `${own.join("\n")}\n`);
  }
}
