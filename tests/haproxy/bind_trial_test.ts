/** Which listeners of a config are tried before it is loaded. */
import assert from "node:assert/strict";
import { tryNewBinds } from "../../lib/haproxy/bind_trial.ts";
import { freePort } from "../harness/http.ts";

async function tried(before: string, after: string): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-binds-" });
  try {
    for (const [name, binds] of [["before", before], ["after", after]] as const) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/haproxy.cfg`, `frontend web\n${binds}\n    mode http\n`);
    }
    return await tryNewBinds(`${folder}/before`, `${folder}/after`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("each address of a bind line is tried by itself, and what is no address of the internet is not", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const free = freePort();
  assert.equal(await tried("", `    bind 127.0.0.1:${free},127.0.0.2:${free} ssl crt /none`), undefined);
  assert.match(
    await tried("", `    bind 127.0.0.2:${free},127.0.0.1:${port} name two`) ?? "",
    new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: `),
  );
  assert.equal(await tried("", `    bind unix@/none:${port}\n    bind fd@3\n    bind abns@x:1`), undefined);
});

Deno.test("a listener that is there already is not tried, since the trial would meet HAProxy itself", async () => {
  using own = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = own.addr as Deno.NetAddr;
  for (const [before, after] of [["127.0.0.1", "127.0.0.1"], ["", "127.0.0.1"], ["127.0.0.1", "*"]]) {
    assert.equal(await tried(`    bind ${before}:${port}`, `    bind ${after}:${port}`), undefined);
  }
});
