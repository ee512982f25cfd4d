/** Workers before the one that was loaded last: until they have heard that they are to go, they take connections too. */
import { systemClock } from "../../lib/clock.ts";
import { askMaster } from "../../lib/haproxy/socket/worker.ts";
import { eventually } from "../harness/eventually.ts";

/** Waits until no worker of a state directory but the last one listens for clients or at a socket there. */
export async function untilOldAreDeaf(stateDir: string): Promise<void> {
  await eventually(async () => {
    const master = await askMaster(`${stateDir}/master.sock`, systemClock);
    if (master?.workerPid === undefined) return false;
    const { masterPid, workerPid } = master;
    const children = await Deno.readTextFile(`/proc/${masterPid}/task/${masterPid}/children`);
    const old = children.split(" ").map(Number).filter((pid) => pid > 0 && pid !== workerPid);
    if (old.length === 0) return true;
    const listeners = await listeningInodes(stateDir);
    return old.every((pid) => !inodesOf(pid).some((inode) => listeners.has(inode)));
  }, { what: "old workers to listen no more", everyMs: 2 });
}

/** The inodes of sockets that listen: at any port, and in the folder. */
async function listeningInodes(folder: string): Promise<ReadonlySet<string>> {
  const [tcp = "", tcp6 = "", unix = ""] = await Promise.all(
    ["tcp", "tcp6", "unix"].map((name) => Deno.readTextFile(`/proc/net/${name}`).catch(() => "")),
  );
  // Of TCP, the fourth column is the state (0A: listening), and the tenth the inode.
  const ports = (tcp + tcp6).split("\n").map((row) => row.trim().split(/\s+/)).filter(([, , , state]) =>
    state === "0A"
  ).map((row) => row[9] ?? "");
  // Of the others, the fourth is the flags (__SO_ACCEPTCON), the seventh the inode, and the eighth the path.
  const sockets = unix.split("\n").map((row) => row.trim().split(/\s+/)).filter((row) =>
    row[3] === "00010000" && row[7]?.startsWith(folder)
  ).map((row) => row[6] ?? "");
  return new Set([...ports, ...sockets]);
}

/** The inodes of the sockets that a process has; none where it has ended. */
function inodesOf(pid: number): readonly string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? "";
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}
