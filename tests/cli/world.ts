/** A folder with a snapshot in it, for tests of the command line. */
import { haproxies } from "../harness/haproxies.ts";
import { type Finished, runProgram } from "../harness/program.ts";

/** One container as `docker inspect` prints it. */
export function inspected(name: string, hostname: string, data?: unknown) {
  return {
    Id: name.padEnd(64, "0"),
    Name: `/${name}`,
    Created: "2024-05-01T10:00:00Z",
    State: { Status: "running", StartedAt: "2024-05-01T10:00:01Z" },
    Config: {
      Hostname: hostname,
      Env: data === undefined ? [] : [`INTERLOCK_DATA=${JSON.stringify(data)}`],
      ExposedPorts: { "80/tcp": {} },
    },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Ports: {}, Networks: { bridge: { IPAddress: "172.17.0.2" } } },
  };
}

/** A folder that goes with the block. */
export class World implements AsyncDisposable {
  private constructor(readonly folder: string, readonly haproxy: string) {}

  /** Makes one whose `snapshot.json` holds the containers. */
  static async make(...containers: readonly unknown[]): Promise<World> {
    const [haproxy] = await haproxies();
    if (haproxy === undefined) {
      throw new Error("there is no haproxy here: install it, as scripts/dev test does");
    }
    const world = new World(await Deno.makeTempDir({ prefix: "signalbox-cli-" }), haproxy.path);
    await world.write("snapshot.json", JSON.stringify(containers));
    return world;
  }

  async write(name: string, text: string): Promise<string> {
    const path = `${this.folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
    return path;
  }

  read(name: string): Promise<string> {
    return Deno.readTextFile(`${this.folder}/${name}`);
  }

  /** Runs a command in the folder. */
  run(
    args: readonly string[],
    given: { env?: Record<string, string>; stdin?: string } = {},
  ): Promise<Finished> {
    return runProgram(args, { ...given, cwd: this.folder });
  }

  /** Runs `render` on the folder's snapshot. */
  render(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Finished> {
    return this.run(["render", "--snapshot", "snapshot.json", "--haproxy", this.haproxy, ...args], { env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
