/** POSTs while containers die abruptly: each container notes what it got, so that what was sent twice shows. */
import { eventually } from "../harness/eventually.ts";
import type { Fleet, Member } from "./fleet.ts";
import { startLoad } from "./load_process.ts";
import { askOnce, now } from "./raw_http.ts";
import type { Router } from "./router.ts";

/** What became of the POSTs. */
export interface PostsResult {
  readonly sent: number;
  readonly deaths: number;
  readonly twice: number;
  /** Answered with an error, or not at all. */
  readonly failed: number;
  /** Failed, though no container ever got them: those could have gone to another. */
  readonly failedUnsent: number;
}

const HOST = "post.bench";

export async function measurePosts(
  fleet: Fleet,
  router: Router,
  folder: string,
  seconds: number,
): Promise<PostsResult> {
  const notes = await Deno.makeTempDir({ dir: folder, prefix: "notes-" });
  const members: Member[] = [];
  for (let at = 0; at < 4; at++) {
    members.push(await fleet.add({ host: HOST, notes, isPublished: true }));
  }
  await eventually(async () => (await askOnce("127.0.0.1", router.port, HOST))?.status === 200, {
    what: `${HOST} to be served`,
  });
  const load = startLoad({ port: router.port, perSecond: 100, isKept: false, hosts: [HOST], postEvery: 1 });
  const noted = () => readNotes(notes);
  await eventually(async () => (await noted()).size > 0, { what: "the first POST" });
  let deaths = 0;
  for (const end = now() + seconds * 1_000; now() < end; deaths++) {
    const member = members.shift() as Member;
    await fleet.act(member, "kill");
    await fleet.start(member);
    await fleet.answers(member);
    members.push(member);
  }
  const { samples, failures } = await load.end();
  const got = await noted();
  await fleet.removeAll();
  return {
    sent: samples.length,
    deaths,
    twice: [...got.values()].filter((times) => times > 1).length,
    failed: failures.length,
    failedUnsent: failures.filter(({ id }) => !got.has(id)).length,
  };
}

async function readNotes(folder: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for await (const { name } of Deno.readDir(folder)) {
    for (const line of (await Deno.readTextFile(`${folder}/${name}`)).split("\n")) {
      const id = line.replace(/^id=/, "");
      if (id !== "") times.set(id, (times.get(id) ?? 0) + 1);
    }
  }
  return times;
}
