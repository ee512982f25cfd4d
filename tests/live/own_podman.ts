/** A Podman of one test, by its Docker-compatible socket, beside the tests' engine. */
import { join } from "node:path";
import { dockerAt, engineFromEnv } from "../harness/docker_cli.ts";
import { ready, TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import type { Stage } from "./stage.ts";

/** The Podman that scripts/engines unpacked, where one is named; else the system's. */
const CHOSEN = Deno.env.get("SIGNALBOX_TEST_PODMAN");
const SHELF = new URL(`../../.cache/engines/podman-${CHOSEN}/bin`, import.meta.url).pathname;
const [PODMAN, CONMON, RUNC, HELPERS] = CHOSEN === undefined
  ? ["/usr/bin/podman", "/usr/bin/conmon", "/usr/sbin/runc", "/usr/lib/podman"] as const
  : [`${SHELF}/podman`, `${SHELF}/conmon`, `${SHELF}/runc`, SHELF] as const;

/** What is missing for it, `undefined` where it can run. */
export const podmanIsMissing: string | undefined = await missing();

/** A Podman of one test. */
export interface OwnPodman {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  /** Runs Docker's command line against its socket. */
  docker(...args: string[]): Promise<string>;
  /** Runs Podman's own command line. */
  podman(...args: string[]): Promise<string>;
}

/** Serves Podman's API from a folder of the test's own, with the tiny image in it. */
export async function ownPodman({ folder, defer }: Stage): Promise<OwnPodman> {
  const at = join(folder, "podman");
  await Deno.mkdir(at);
  await Deno.writeTextFile(join(at, "containers.conf"), containersConf(at));
  await Deno.writeTextFile(join(at, "storage.conf"), storageConf(at));
  const env = {
    CONTAINERS_CONF: join(at, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(at, "storage.conf"),
    // Docker's own tool is here; what later ones would use may not be.
    NETAVARK_FW: "iptables",
  };
  const podman = async (...args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command(PODMAN, { args, env, stdin: "null" })
      .output();
    if (!success) throw new Error(`Cannot run podman ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout).trim();
  };
  const host = `unix://${at}/s`;
  await ready(TINY);
  const image = join(at, "image.tar");
  await dockerAt(engineFromEnv().host, "save", "-o", image, TINY);
  await podman("load", "-q", "-i", image);
  const service = new Deno.Command(PODMAN, {
    args: ["system", "service", "--time=0", host],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  defer(async () => {
    await podman("rm", "-f", "-a", "-t", "0");
    await podman("network", "prune", "-f");
    service.kill("SIGTERM");
    await service.status;
    // Its pause in the kernel may hold a mount for a moment.
    await eventually(() => Deno.remove(at, { recursive: true }).then(() => true), {
      what: "Podman's folder to be free",
    });
  });
  const docker = (...args: string[]) => dockerAt(host, ...args);
  await eventually(() => docker("version"), { what: "Podman to answer", limitMs: 60_000 });
  return { host, docker, podman };
}

/** No systemd: cgroups by files, events and logs as files. */
const containersConf = (at: string) =>
  `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
conmon_path = ["${CONMON}"]
helper_binaries_dir = ["${HELPERS}"]
tmp_dir = "${at}/tmp"
static_dir = "${at}/static"
volume_path = "${at}/volumes"
[engine.runtimes]
runc = ["${RUNC}"]
[network]
network_backend = "netavark"
network_config_dir = "${at}/networks"
default_subnet = "10.231.12.0/24"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`;

const storageConf = (at: string) =>
  `[storage]
driver = "vfs"
graphroot = "${at}/graph"
runroot = "${at}/run"
`;

async function missing(): Promise<string | undefined> {
  for (const file of [PODMAN, CONMON, RUNC, `${HELPERS}/netavark`]) {
    if (!await Deno.stat(file).then(() => true, () => false)) return `there is no ${file}`;
  }
  return undefined;
}
