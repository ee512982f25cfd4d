/**
 * Tries the listeners that a new config adds to the running one. A reload whose bind fails makes every listener
 * refuse for seconds, and `haproxy -c` does not see it: an address that cannot be had is found out here. Answers with
 * what is wrong, or nothing.
 */
export function tryNewBinds(before: string, after: string): string | undefined {
  const known = new Set(bindsOf(before));
  for (const bind of bindsOf(after)) {
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

function bindsOf(config: string): string[] {
  return [...config.matchAll(/^ +bind ((?!unix@)[^ \n]+)/gm)].map((match) => match[1] ?? "").filter((bind) =>
    !bind.startsWith("::")
  );
}
