/** The user and group of HAProxy's workers, and the folder that they are locked into. */
export type Identity = {
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly chroot: string | undefined;
};

/** The account of HAProxy's package in Debian and most others; the second one exists everywhere. */
const USERS = ["haproxy", "nobody"];
const GROUPS = ["haproxy", "nogroup", "nobody"];

/** As root, workers get an account of their own and see an empty folder alone; else they run as the user of signalbox. */
export async function findIdentity(stateDir: string): Promise<Identity> {
  if (Deno.uid() !== 0) return { user: undefined, group: undefined, chroot: undefined };
  const [users, groups] = await Promise.all(["/etc/passwd", "/etc/group"].map(readNames));
  const user = USERS.find((name) => users?.has(name));
  const group = GROUPS.find((name) => groups?.has(name));
  const chroot = `${stateDir}/empty`;
  await Deno.mkdir(chroot, { recursive: true, mode: 0o755 });
  return user === undefined || group === undefined
    ? { user: undefined, group: undefined, chroot }
    : { user, group, chroot };
}

async function readNames(path: string): Promise<Set<string>> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return new Set(text.split("\n").map((line) => line.split(":")[0] ?? ""));
}
