/** A Swarm of several engines, each a machine of its own: with its own network, its own processes and its own name. */
import { join } from "node:path";
import { dockerAt, engineFromEnv } from "../harness/docker_cli.ts";
import { ready, TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import type { Stage } from "./stage.ts";

/** What joins the machines; signalbox is on it, as on a network of theirs. */
const BRIDGE = "sb-swarm";
const GROUP = "signalbox-swarm";
const addressAt = (at: number): string => `10.231.9.${at}`;

/** A machine of the Swarm. */
export interface SwarmNodeStage {
  readonly name: string;
  readonly address: string;
  /** Its engine, as DOCKER_HOST has it. */
  readonly host: string;
  docker(...args: string[]): Promise<string>;
  /** Ends its daemon by a signal; its containers run on where it is killed. */
  endDaemon(signal: "TERM" | "KILL"): Promise<void>;
  /** Starts its daemon again, after one that ended. */
  startDaemon(): Promise<void>;
  /** A command that begins with this runs on the machine. */
  enter(): Promise<readonly [string, ...string[]]>;
  /** Cuts it off from the others, or joins it to them again. */
  cut(isCut: boolean): Promise<void>;
  /** Kills the whole machine, as a power cut does. */
  kill(): Promise<void>;
}

/** The engine that scripts/engines unpacked, where one is named; else the system's. */
const CHOSEN = Deno.env.get("SIGNALBOX_TEST_ENGINE");
const PROGRAMS = CHOSEN === undefined
  ? ""
  : `${new URL(`../../.cache/engines/${CHOSEN}/bin`, import.meta.url).pathname}:`;

/** Runs a machine's daemon: folder, address, number. */
const DAEMON = `
  PATH=${PROGRAMS}$PATH exec dockerd --config-file "$1/daemon.json" --data-root "$1/data" --exec-root "$1/run" -p "$1/pid" \\
    -H "tcp://$2:2375" -H unix:///run/docker.sock --tls=false --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${GROUP}-$3" \\
    --log-level warn >>"$1/log" 2>&1
`;

/** What a machine does before its daemon starts, in its own namespaces: folder, address, number, name, daemon. */
const BOOT = `
  mount -t tmpfs tmpfs /run
  busybox hostname "$4"
  mkdir /run/cg && mount --rbind /sys/fs/cgroup /run/cg
  mount -t sysfs sysfs /sys && mount --rbind /run/cg /sys/fs/cgroup
  mkdir -p /run/etc/up /run/etc/work
  mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/up,workdir=/run/etc/work /etc
  rm -f /etc/resolv.conf && echo "nameserver 127.0.0.1" >/etc/resolv.conf
  busybox ip link set lo up
  busybox ip addr add "$2/24" dev eth0 && busybox ip link set eth0 up
  busybox ip route add default via ${addressAt(1)}
  echo '{}' >"$1/daemon.json"
  sh -c "$5" sh "$1" "$2" "$3" &
  wait
  exec sleep 100000
`;

/** Starts machines by these names; the first is the manager, then further managers, then workers. */
export async function swarmOf(
  stage: Stage,
  managers: readonly string[],
  workers: readonly string[],
): Promise<readonly SwarmNodeStage[]> {
  await ready(TINY);
  const image = join(stage.folder, "tiny.tar");
  await dockerAt(engineFromEnv().host, "save", "-o", image, TINY);
  // Not where the engine of the tests is, whose rules let nothing through.
  const between = await ownNetwork(stage);
  await run(...between.enter, "ip", "link", "add", BRIDGE, "type", "bridge");
  await run(...between.enter, "ip", "link", "set", BRIDGE, "up");
  await plug(between, "/proc/self/ns/net", "sbsw1");
  await run("ip", "addr", "add", `${addressAt(1)}/24`, "dev", "sbsw1");
  await run("ip", "link", "set", "sbsw1", "up");
  const nodes = await Promise.all(
    [...managers, ...workers].map((name, at) => startNode(stage, between, name, at + 11)),
  );
  await Promise.all(nodes.map((node) => node.docker("load", "-q", "-i", image)));
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error("a Swarm has a manager");
  await first.docker("swarm", "init", "--advertise-addr", first.address);
  const [manager, worker] = await Promise.all(
    ["manager", "worker"].map((role) => first.docker("swarm", "join-token", "-q", role)),
  );
  for (const node of others) {
    const token = managers.includes(node.name) ? manager : worker;
    await node.docker("swarm", "join", "--token", token ?? "", `${first.address}:2377`);
  }
  return nodes;
}

async function startNode(
  stage: Stage,
  between: OwnNetwork,
  name: string,
  at: number,
): Promise<SwarmNodeStage> {
  const { folder, defer } = stage;
  const own = join(folder, name);
  await Deno.mkdir(own);
  const address = addressAt(at);
  const host = `tcp://${address}:2375`;
  // The network is there before the machine. Machines are plugged in one after the other.
  const network = await ownNetwork(stage);
  const card = `sbsw${at}`;
  await plug(between, network.path, "eth0", card);
  const apart = "--mount --propagation private --uts --pid --fork --kill-child --mount-proc".split(" ");
  const machine = new Deno.Command("nsenter", {
    args: [
      `--net=${network.path}`,
      "unshare",
      ...apart,
      ...["sh", "-c", BOOT, "sh", own, address, `${at}`, name, DAEMON],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const inside = async () => `${(await childrenOf(machine.pid))[0]}`;
  const answers = async () => {
    try {
      await eventually(() => node.docker("version"), { what: `the engine of ${name}`, limitMs: 120_000 });
    } catch (error) {
      throw new Error(`${error}\n${await Deno.readTextFile(join(own, "log")).catch(() => "")}`);
    }
  };
  /** Those that were started later, which end with their machine at the latest. */
  const daemons: Deno.ChildProcess[] = [];
  let isAlive = true;
  void machine.status.then(() => isAlive = false);
  const node: SwarmNodeStage = {
    name,
    address,
    host,
    docker: (...args) => dockerAt(host, ...args),
    async endDaemon(signal) {
      // Seen from inside, as its own pid file has it.
      const pid = (await Deno.readTextFile(join(own, "pid"))).trim();
      await run("nsenter", "-t", await inside(), "-p", "-m", "kill", `-${signal}`, pid);
    },
    async startDaemon() {
      await eventually(() => Deno.stat(join(own, "pid")).then(() => false, () => true), {
        what: `the engine of ${name} to have ended`,
        limitMs: 90_000,
      });
      const [command, ...args] = await node.enter();
      const daemon = new Deno.Command(command, {
        args: [...args, "sh", "-c", DAEMON, "sh", own, address, `${at}`],
        stdin: "null",
        stdout: "null",
      }).spawn();
      daemons.push(daemon);
      await answers();
    },
    enter: async () => ["nsenter", "-t", await inside(), "-m", "-n", "-p", "-u"],
    cut: (isCut) => run(...between.enter, "ip", "link", "set", card, isCut ? "down" : "up"),
    async kill() {
      if (isAlive) machine.kill("SIGKILL");
      await Promise.all([machine, ...daemons].map(({ status }) => status));
    },
  };
  defer(async () => {
    await node.kill();
    const script = `find /sys/fs/cgroup -depth -type d -path '*/${GROUP}-${at}*' -exec rmdir {} + 2>/dev/null
      ! ls -d /sys/fs/cgroup/*/${GROUP}-${at} 2>/dev/null`;
    await eventually(
      async () => (await new Deno.Command("sh", { args: ["-c", script], stdout: "null" }).output()).success,
      { what: `nothing to be left of ${name}` },
    );
  });
  await answers();
  return node;
}

/** A network namespace, which its first process holds. */
type OwnNetwork = { readonly path: string; readonly enter: readonly [string, ...string[]] };

async function ownNetwork({ defer }: Stage): Promise<OwnNetwork> {
  const holder = new Deno.Command("unshare", {
    args: ["--net", "sh", "-c", "echo && exec cat"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const said = holder.stdout.getReader();
  await said.read();
  defer(async () => {
    await holder.stdin.close();
    await said.cancel();
    await holder.status;
  });
  const path = `/proc/${holder.pid}/ns/net`;
  return { path, enter: ["nsenter", `--net=${path}`] };
}

/** Puts a card into a network, and its other end into what joins them all. */
async function plug(
  between: OwnNetwork,
  network: string,
  inside: string,
  outside = `${inside}b`,
): Promise<void> {
  const pid = between.path.split("/")[2] ?? "";
  const pair = ["type", "veth", "peer", "name", outside, "netns", pid];
  await run("nsenter", `--net=${network}`, "ip", "link", "add", inside, ...pair);
  await run(...between.enter, "ip", "link", "set", outside, "master", BRIDGE);
  await run(...between.enter, "ip", "link", "set", outside, "up");
}

async function childrenOf(pid: number): Promise<readonly string[]> {
  return (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim().split(" ");
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (!success) {
    throw new Error(`Cannot run ${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}
