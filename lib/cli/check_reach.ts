import { systemClock } from "../clock.ts";
import type { Model } from "../core/model/model.ts";
import { formatEndpoint, isDnsName } from "../core/values/names.ts";
import { onOneLine } from "../core/values/notice.ts";
import { targetOf } from "../loop/probe_target.ts";
import { askOnce, oneTry } from "../probe/try.ts";

/** How many servers are tried: where one container is out of reach, most are. */
const MOST_ASKED = 8;

/** Whether containers are reached at their own addresses from here: how many were tried, and one that is not. */
export type Reach = {
  readonly probed: number;
  /** An address out of reach, and whether its container has a published port to use instead. */
  readonly away?: { readonly what: string; readonly hasPublished: boolean };
};

/** Connects to a few containers. A refusal counts as reached. */
export async function checkReach(model: Model): Promise<Reach> {
  const servers = model.backends.flatMap((backend) => backend.servers.map((server) => ({ backend, server })))
    .filter(({ server: { via, gate, address } }) =>
      via === "container" && gate !== "created" && !isDnsName(address)
    ).slice(0, MOST_ASKED);
  const never = new AbortController().signal;
  const verdicts = await Promise.all(servers.map(({ backend, server }) => {
    const target = { ...targetOf(backend, server), questions: [], others: [] };
    return oneTry({ clock: systemClock, signal: never, hurry: never }, (means) => askOnce(target, means));
  }));
  const isAway = (at: number) => {
    const verdict = verdicts[at];
    return verdict !== undefined && !verdict.isReady && verdict.isAway;
  };
  const away = servers.filter((_, at) => isAway(at)).map(({ server }) => ({
    what: `${formatEndpoint(server.address, server.port)} of ${onOneLine(server.containerName)}`,
    hasPublished: server.others.some(({ via }) => via === "published"),
  }));
  // A container without another way is the one that the user has to do something about.
  const first = away.find(({ hasPublished }) => !hasPublished) ?? away[0];
  return { probed: servers.length, ...(first && { away: first }) };
}
