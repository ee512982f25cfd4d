/**
 * Tries the listeners that a generation's folder adds to those of the running one: an HAProxy that was taken over may
 * have others than our settings name. A reload whose bind fails makes every listener
 * refuse for seconds, and `haproxy -c` does not see it: an address that cannot be had is found out here. Answers with
 * what is wrong, or nothing.
 */
export async function tryNewBinds(before: string, after: string): Promise<string | undefined> {
  const known = await bindsOf(before);
  for (const bind of await bindsOf(after)) {
    if (
      known.some((each) => each.port === bind.port && (each.host === bind.host || isAny(each) || isAny(bind)))
    ) {
      // The trial would meet HAProxy itself.
      continue;
    }
    try {
      const hostname = bind.host === "" ? "0.0.0.0" : bind.host.replace(/^\[|\]$/g, "");
      Deno.listen({ hostname, port: bind.port }).close();
    } catch (error) {
      // A machine without IPv6 has no such listener.
      if (bind.host === "::" && !(error instanceof Deno.errors.AddrInUse)) continue;
      return `cannot listen on ${bind.host}:${bind.port}: ${error instanceof Error ? error.message : error}`;
    }
  }
  return undefined;
}

/** A `bind` line's address, as it is written there, and its port. */
type Bind = { readonly host: string; readonly port: number };

/** Whether a listener takes its port on all addresses. */
const isAny = ({ host }: Bind): boolean => ["", "*", "::", "0.0.0.0"].includes(host);

/** The addresses of a config's `bind` lines, as far as they are of the internet (HAProxy manual, 4.2, `bind`). */
async function bindsOf(folder: string): Promise<Bind[]> {
  const config = await Deno.readTextFile(`${folder}/haproxy.cfg`).catch(() => "");
  const words = [...config.matchAll(/^ +bind ([^ \n]+)/gm)].flatMap(([, word = ""]) => word.split(","));
  return words.flatMap((word) => {
    const [, host, port] = /^((?!unix@|abns@|fd@|sockpair@)[^@]*):(\d+)$/.exec(word) ?? [];
    return host === undefined ? [] : [{ host, port: Number(port) }];
  });
}
