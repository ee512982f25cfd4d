/** A real systemd for tests: it boots from this machine's own /usr, with /etc, /var and /run of its own, in the machine's network. */
import { eventually } from "./eventually.ts";

/** Why no systemd can be booted here; `undefined` where one can. */
export const noSystemd: string | undefined = await why();
if (noSystemd !== undefined) console.error(`skipped: ${noSystemd}`);

async function why(): Promise<string | undefined> {
  if (Deno.uid() !== 0) return "only root can boot a systemd beside the machine's own";
  const asked = new Deno.Command("sh", { args: ["-c", "command -v systemd-nspawn"], stdout: "null" });
  return (await asked.output()).success
    ? undefined
    : "there is no systemd-nspawn here: apt-get install systemd-container";
}

/** A systemd that runs; `await using` ends it with the block, and all of its services. */
export class Systemd implements AsyncDisposable {
  readonly #nspawn: Deno.ChildProcess;
  #pid = "";

  private constructor(binds: Readonly<Record<string, string>>) {
    this.#nspawn = new Deno.Command("systemd-nspawn", {
      args: [
        ...["--quiet", "--register=no", "--keep-unit", "--directory=/", "--volatile=yes"],
        ...["--console=pipe", `--machine=systemd-${Deno.pid}`],
        ...Object.entries(binds).map(([inside, path]) => `--bind=${path}:${inside}`),
        // None of the machine's services starts by itself.
        ...["--boot", "--", "--unit=basic.target"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Boots one that sees these folders, each by the path that it has inside. */
  static async boot(binds: Readonly<Record<string, string>>): Promise<Systemd> {
    const systemd = new Systemd(binds);
    await eventually(() => systemd.#isUp(), { what: "systemd to be up", limitMs: 60_000 }).catch(
      async (error) => {
        await systemd[Symbol.asyncDispose]();
        throw error;
      },
    );
    return systemd;
  }

  async #isUp(): Promise<boolean> {
    const own = this.#nspawn.pid;
    const children = await Deno.readTextFile(`/proc/${own}/task/${own}/children`);
    this.#pid = children.trim().split(" ")[0] ?? "";
    return this.#pid !== "" && (await this.tell("is-active", "basic.target")).trim() === "active";
  }

  /** Where this machine sees a path of its own. */
  path(inside: string): string {
    return `/proc/${this.#pid}/root${inside}`;
  }

  /** Runs `systemctl` with such words; what it prints. */
  async tell(...words: readonly string[]): Promise<string> {
    const { stdout, stderr } = await new Deno.Command("nsenter", {
      args: ["-t", this.#pid, "-m", "-p", "-u", "-i", "-C", "-r", "-w", "systemctl", ...words],
      stdin: "null",
    }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  }

  /** A property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.tell("show", "--property", name, "--value", unit)).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It takes this as the machine's being switched off: services are stopped first.
    this.#nspawn.kill("SIGTERM");
    await this.#nspawn.status;
  }
}
