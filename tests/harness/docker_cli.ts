/** The Docker engine of the tests, by its command line as users have it. */

/** Where the engine answers, or why there is none. */
export interface Engine {
  /** As DOCKER_HOST has it; empty where there is none. */
  readonly host: string;
  /** Undefined where an engine is there. */
  readonly skipReason: string | undefined;
}

/** Reads what `scripts/dev test` says of the engine that it started. */
export function engineFromEnv(): Engine {
  const host = Deno.env.get("SIGNALBOX_TEST_DOCKER") ?? "";
  if (host !== "") return { host, skipReason: undefined };
  return {
    host,
    skipReason: Deno.env.get("SIGNALBOX_TEST_DOCKER_WHY") ??
      "SIGNALBOX_TEST_DOCKER names no engine: use scripts/dev test",
  };
}

/** Runs the docker command line against the tests' engine; returns its output, or throws what it complained of. */
export function docker(...args: string[]): Promise<string> {
  return dockerAt(engineFromEnv().host, ...args);
}

/** The same against another engine, by its DOCKER_HOST. */
export async function dockerAt(host: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("docker", {
    args,
    env: { DOCKER_HOST: host, DOCKER_CLI_HINTS: "false" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot run docker ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout).trim();
}
