/** Whether an HAProxy that was changed has what one has that was started a moment ago, and answers as it does. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Wanted } from "../changes/situation.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { readState } from "./compare.ts";
import { onStage, type Stage, type StageRequest } from "./stage.ts";

/** What a comparison goes by. */
export type Comparison = {
  readonly want: (stage: Stage) => Wanted;
  /** Who is asked for. */
  readonly hosts: readonly string[];
  /**
   * False while requests are under way: servers that are told to go wait for them, and others may have no room, so that
   * only the tables are compared.
   */
  readonly isSettled: boolean;
};

/** Starts another HAProxy from nothing with what is wanted, and throws where the two differ. */
export async function compareFresh(
  stage: Stage,
  program: HaproxyProgram,
  request: StageRequest,
  { want, hosts, isSettled }: Comparison,
): Promise<void> {
  await onStage(program, request, async (fresh) => {
    await fresh.apply(want(fresh));
    const [has, should] = [await readState(stage), await readState(fresh)];
    if (!isSettled) return assert.deepEqual([has.routes, has.rows], [should.routes, should.rows]);
    assert.deepEqual(has, should);
    // Not at the first try where a share of clients is drawn, or where a container may take a few milliseconds alone.
    await Promise.all(hosts.map(async (host) => {
      const compare = async () => {
        const [sees, would] = await Promise.all([seen(stage, host), seen(fresh, host)]);
        // The one has counted requests for longer than the other.
        if (sees.status === 429 || isDeepStrictEqual(sees, would)) return true;
        // Where containers take turns, the two may be one turn apart for good.
        await seen(fresh, host);
        return assert.deepEqual(sees, would, host);
      };
      await eventually(compare, { what: `${host} to be answered alike` });
    }));
  });
}

/** HAProxy 2.6 takes 15 s to give up a service of `forward_auth` that is not there, as these are. */
const SILENT_MS = 30_000;

/** What a visitor sees of a host; which container it was (its name has a length), its cookie and our ports may differ. */
async function seen({ httpPort, routing }: Stage, host: string) {
  const ports = [httpPort, routing.settings.frontend.tls?.port];
  const address = routing.settings.frontend.address ?? "127.0.0.1";
  const { status, headers } = await httpGet({
    port: httpPort,
    address,
    host,
    path: "/app/x",
    limitMs: SILENT_MS,
  })
    .catch((error) => {
      throw new Error(`${host} at port ${httpPort}: ${error}`);
    });
  const told = Object.entries(headers).filter(([name]) => !/^(?:date|content-length)$/.test(name)).map(
    ([name, value]) => {
      if (name === "set-cookie") return [name, value.replace(/=[^;]*/, "=…")];
      return [name, ports.reduce((text, port) => text.replaceAll(`:${port}`, ":PORT"), value)];
    },
  );
  return { status, headers: Object.fromEntries(told) };
}
