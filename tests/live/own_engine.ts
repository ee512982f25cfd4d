/** A second engine beside the one of the tests: one that may crash without harm to the other tests. */
import { join } from "node:path";
import { dockerAt, engineFromEnv } from "../harness/docker_cli.ts";
import { ready, TINY } from "../harness/engine.ts";
import { eventually, settled } from "../harness/eventually.ts";
import { processesNaming } from "./processes.ts";
import type { Stage } from "./stage.ts";

/** The cgroup of its containers. */
const GROUP = "signalbox-test-own";

/** The bridge of its default network: with none, a daemon would remove the other engine's. */
const BRIDGE = "sb-own";
const BRIDGE_CARD = "02:42:0a:e7:08:01";

/** An engine of one test. */
export interface OwnEngine {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  docker(...args: string[]): Promise<string>;
  /** Kills its daemon, as a crash would; its containers run on until another daemon ends them. */
  crash(): Promise<void>;
  /** Starts its daemon, anew after a crash; answers as soon as it can be asked. */
  start(): Promise<void>;
}

/** Starts an engine that has the tiny image. */
export async function ownEngine({ folder, defer }: Stage): Promise<OwnEngine> {
  const at = join(folder, "engine");
  await Deno.mkdir(at);
  const host = `unix://${join(at, "docker.sock")}`;
  // What it mounts has to outlive a daemon: all of its daemons share a mount namespace, which this process holds.
  const holder = new Deno.Command("unshare", {
    args: [
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      "mount -t tmpfs tmpfs /run && echo && exec cat",
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const said = holder.stdout.getReader();
  await said.read();
  let daemon: Deno.ChildProcess | undefined;
  const engine: OwnEngine = {
    host,
    docker: (...args) => dockerAt(host, ...args),
    async crash() {
      daemon?.kill("SIGKILL");
      await daemon?.status;
      daemon = undefined;
      // Its containerd ends with it; where nobody collects ended processes, the next daemon would wait for that one.
      await Deno.remove(`${at}/run/containerd/containerd.pid`);
    },
    async start() {
      const files = ["--data-root", `${at}/data`, "--exec-root", `${at}/run`, "-p", `${at}/pid`, "-H", host];
      const apart = [
        "--config-file",
        `${at}/daemon.json`,
        `--bridge=${BRIDGE}`,
        "--iptables=false",
        "--ip-masq=false",
      ];
      const groups = ["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", `/${GROUP}`];
      const command = ["dockerd", ...files, ...apart, ...groups, "--log-level", "warn"];
      const logged = ["sh", "-c", 'exec "$@" >>"$0" 2>&1', `${at}/log`, ...command];
      daemon = new Deno.Command("nsenter", {
        args: [`--mount=/proc/${holder.pid}/ns/mnt`, ...logged],
        stdin: "null",
      }).spawn();
      try {
        await eventually(() => engine.docker("version"), { what: "the engine to answer", limitMs: 90_000 });
      } catch (error) {
        throw new Error(`${error}\n${await Deno.readTextFile(`${at}/log`)}`);
      }
    },
  };
  defer(async () => {
    const words = async (...args: string[]) =>
      (await engine.docker(...args).catch(() => "")).split("\n").filter((word) => word !== "");
    const containers = await words("ps", "-aq");
    if (containers.length > 0) await engine.docker("rm", "-f", ...containers);
    const networks = await words("network", "ls", "-q", "--filter", "type=custom");
    if (networks.length > 0) await engine.docker("network", "rm", ...networks);
    // It may have ended by itself.
    if (daemon !== undefined && await isRunning(daemon)) daemon.kill("SIGTERM");
    await daemon?.status;
    await clearAway(at);
    await run("busybox", "ip", "link", "del", BRIDGE);
    await holder.stdin.close();
    await said.cancel();
    await holder.status;
  });
  await run("busybox", "ip", "link", "add", BRIDGE, "type", "bridge");
  // A bridge without one takes the lowest of its ports', as docker0 never does: when that container ends, the others send
  // their answers to a card that is gone, for seconds.
  await run("busybox", "ip", "link", "set", BRIDGE, "address", BRIDGE_CARD);
  await run("busybox", "ip", "addr", "add", "10.231.8.1/24", "dev", BRIDGE);
  await Deno.writeTextFile(`${at}/daemon.json`, "{}\n");
  await engine.start();
  await ready(TINY);
  const image = join(at, "image.tar");
  await dockerAt(engineFromEnv().host, "save", "-o", image, TINY);
  await engine.docker("load", "-q", "-i", image);
  return engine;
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (!success) {
    throw new Error(`Cannot run ${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}

async function isRunning(child: Deno.ChildProcess): Promise<boolean> {
  return await Promise.race([
    child.status.then(() => false),
    settled().then(() => true),
  ]);
}

/** Ends what an engine that could not end it left behind: shims, which name its folder, and containers, by their cgroup. */
async function clearAway(folder: string): Promise<void> {
  for (const { pid } of await processesNaming(folder)) Deno.kill(pid, "SIGKILL");
  const script = `grep -lF /${GROUP}/ /proc/[0-9]*/cgroup 2>/dev/null | cut -d / -f 3 | xargs -r kill -KILL
    find /sys/fs/cgroup -depth -type d -path '*/${GROUP}*' -exec rmdir {} + && ! ls -d /sys/fs/cgroup/*/${GROUP} 2>/dev/null`;
  await eventually(
    async () => (await new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).output()).success,
    { what: `nothing to be left in the cgroup ${GROUP}` },
  );
}
