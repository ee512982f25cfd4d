/** How many descriptors a process may have at most, HAProxy among them; NaN where nobody can tell, or there is no end. */
export async function descriptorLimit(): Promise<number> {
  try {
    const command = new Deno.Command("sh", {
      args: ["-c", "ulimit -Hn"],
      cwd: "/",
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    return Number(new TextDecoder().decode((await command.output()).stdout).trim());
  } catch {
    return NaN;
  }
}
