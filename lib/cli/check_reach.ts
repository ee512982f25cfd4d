import { systemClock } from "../clock.ts";
import type { Model } from "../core/model/model.ts";
import { formatEndpoint } from "../core/values/names.ts";
import { onOneLine } from "../core/values/notice.ts";
import { targetOf } from "../loop/probe_target.ts";
import { askOnce, oneTry } from "../probe/try.ts";

/** Servers that are asked: what is out of reach of one container is of most. */
const MOST_ASKED = 8;

/** Whether containers' own addresses lead to them from here: how many were asked, and what does not. */
export type Reach = {
  readonly asked: number;
  /** An address that does not, and whether the container has a published port in its place. */
  readonly away?: { readonly what: string; readonly hasPublished: boolean };
};

/** Connects to a few containers; one that refuses is reached all the same. */
export async function checkReach(model: Model): Promise<Reach> {
  const servers = model.backends.flatMap((backend) => backend.servers.map((server) => ({ backend, server })))
    .filter(({ server }) => server.via === "container" && server.gate !== "created").slice(0, MOST_ASKED);
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
  // What has no other way is what the user has to do something about.
  const first = away.find(({ hasPublished }) => !hasPublished) ?? away[0];
  return { asked: servers.length, ...(first && { away: first }) };
}
