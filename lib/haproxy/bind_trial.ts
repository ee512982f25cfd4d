/**
 * Tries the listeners that a generation's folder adds to those of the running one: an HAProxy that was taken over may
 * have others than our settings name. A reload whose bind fails makes every listener
 * refuse for seconds, and `haproxy -c` does not see it: an address that cannot be had is found out here. Answers with
 * what is wrong, or nothing.
 */
export async function tryNewBinds(before: string, after: string): Promise<string | undefined> {
  const known = new Set(await bindsOf(before));
  for (const bind of await bindsOf(after)) {
    if (known.has(bind)) continue;
    const [, host = "", port = ""] = /^(.*):([0-9]+)$/.exec(bind) ?? [];
    try {
      const hostname = host === "" ? "0.0.0.0" : host.replace(/^\[|\]$/g, "");
      Deno.listen({ hostname, port: Number(port) }).close();
    } catch (error) {
      return `cannot listen on ${bind}: ${error instanceof Error ? error.message : error}`;
    }
  }
  return undefined;
}

async function bindsOf(folder: string): Promise<string[]> {
  const config = await Deno.readTextFile(`${folder}/haproxy.cfg`).catch(() => "");
  return [...config.matchAll(/^ +bind ((?!unix@)[^ \n]+)/gm)].map((match) => match[1] ?? "").filter((bind) =>
    !bind.startsWith("::")
  );
}
