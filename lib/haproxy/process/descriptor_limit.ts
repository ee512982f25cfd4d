import type { ProcessLimits } from "../../core/config/descriptors.ts";

/** The limit of this process, which an HAProxy that it starts inherits; of an adopted HAProxy's and ours, the smaller. */
export async function processLimits(pid?: number): Promise<ProcessLimits> {
  const script = `ulimit -Hn; OMP_NUM_THREADS= nproc || echo; cat "/proc/$1/limits"`;
  const [own = "", processors = "", ...others] = (await ask(script, `${pid ?? "self"}`)).split("\n");
  const ofOther = /^Max open files +\S+ +(\d+)/m.exec(others.join("\n"))?.[1];
  const limits = [Number(own || NaN), Number(ofOther ?? NaN)].filter(Number.isFinite);
  return {
    descriptors: limits.length === 0 ? NaN : Math.min(...limits),
    threads: Number(processors) || navigator.hardwareConcurrency,
  };
}

async function ask(script: string, argument: string): Promise<string> {
  try {
    const command = new Deno.Command("sh", {
      args: ["-c", script, "sh", argument],
      cwd: "/",
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    return new TextDecoder().decode((await command.output()).stdout);
  } catch {
    return "";
  }
}
