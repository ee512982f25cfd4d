/** Docker and Podman that run without root, each for a user of its own, in namespaces that end with the test. */
import { dockerAt, engineFromEnv } from "../harness/docker_cli.ts";
import { ready, TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { join } from "node:path";
import type { Stage } from "./stage.ts";

/** An engine without root. */
export interface RootlessEngine {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  /** Runs Docker's command line against its socket. */
  docker(...args: string[]): Promise<string>;
}

/** What they are made of. */
const NEEDED = {
  docker: ["rootlesskit", "slirp4netns", "newuidmap", "dockerd"],
  podman: ["slirp4netns", "newuidmap", "podman", "conmon", "runc"],
} as const;
const DEBIANS_SCRIPT = "/usr/share/docker.io/contrib/dockerd-rootless.sh";

/** What is missing for such an engine, `undefined` where it can run. */
export async function missingFor(kind: keyof typeof NEEDED): Promise<string | undefined> {
  const names = kind === "docker" ? [...NEEDED.docker, DEBIANS_SCRIPT] : NEEDED.podman;
  for (const name of [...names, "/dev/net/tun"]) {
    const { success } = await new Deno.Command("sh", { args: ["-c", 'command -v "$0" || [ -c "$0" ]', name] })
      .output();
    if (!success) return `there is no ${name}`;
  }
  return undefined;
}

/** Becomes a user without any right, and runs its command: the command, and the folder with the socket. */
const BOOT = `set -e
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /home
  mkdir -p /run/etc/up /run/etc/work /home/rootless
  mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/up,workdir=/run/etc/work /etc
  echo "rootless:x:4242:4242::/home/rootless:/bin/sh" >>/etc/passwd
  echo "rootless:x:4242:" >>/etc/group
  echo "rootless:100000:65536" >/etc/subuid
  echo "rootless:100000:65536" >/etc/subgid
  mknod /run/tun c 10 200 && chmod 666 /run/tun && mount --bind /run/tun /dev/net/tun
  chown 4242:4242 "$2" /home/rootless
  cd /home/rootless
  # Not in its place: who becomes another user is not killed with its parent any more.
  setpriv --reuid 4242 --regid 4242 --clear-groups env HOME=/home/rootless XDG_RUNTIME_DIR="$2" \\
    USER=rootless sh -c "$1" >/home/log 2>&1
  exit
`;

const COMMANDS = {
  docker: `exec ${DEBIANS_SCRIPT} -H unix://$XDG_RUNTIME_DIR/s --storage-driver vfs`,
  // No systemd: cgroups by files, events and logs as files.
  podman: `mkdir -p .config/containers
    printf '[engine]\\ncgroup_manager = "cgroupfs"\\nevents_logger = "file"\\nruntime = "runc"\\n[containers]\\nlog_driver = "k8s-file"\\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\\n' >.config/containers/containers.conf
    printf '[storage]\\ndriver = "vfs"\\n' >.config/containers/storage.conf
    exec podman system service --time=0 unix://$XDG_RUNTIME_DIR/s`,
};

/** Starts one, with the tiny image in it. */
export async function rootlessEngine(stage: Stage, kind: keyof typeof NEEDED): Promise<RootlessEngine> {
  const apart = "--mount --propagation private --pid --fork --kill-child --mount-proc".split(" ");
  const at = join(stage.folder, "rootless");
  await Deno.mkdir(at, { mode: 0o700 });
  // Its user has to get there.
  await Deno.chmod(stage.folder, 0o711);
  const machine = new Deno.Command("unshare", {
    args: [...apart, "sh", "-c", BOOT, "sh", COMMANDS[kind], at],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  stage.defer(async () => {
    // Who becomes another user no longer ends with its parent (prctl(2), PR_SET_PDEATHSIG): the first process of its namespace
    // takes all others of it along.
    const children = await Deno.readTextFile(`/proc/${machine.pid}/task/${machine.pid}/children`);
    for (const child of children.split(" ").filter((each) => each !== "")) {
      Deno.kill(Number(child), "SIGKILL");
    }
    machine.kill("SIGKILL");
    await machine.status;
  });
  const host = `unix://${at}/s`;
  const docker = (...args: string[]) => dockerAt(host, ...args);
  await eventually(() => docker("version"), { what: `a rootless ${kind}`, limitMs: 40_000 }).catch(
    async (error) => {
      throw new Error(
        `${error}\n${await Deno.readTextFile(`/proc/${machine.pid}/root/home/log`).catch(() => "")}`,
      );
    },
  );
  await ready(TINY);
  const image = join(stage.folder, "rootless.tar");
  await dockerAt(engineFromEnv().host, "save", "-o", image, TINY);
  await docker("load", "-q", "-i", image);
  return { host, docker };
}
