/** Faults, one kind after the other, under a load that goes on; every lost request is told with its reason. */
import { eventually } from "../harness/eventually.ts";
import type { Fleet, Kind, Member, MemberRequest } from "./fleet.ts";
import type { Failure, LoadResult } from "./load.ts";
import { startLoad, under } from "./load_process.ts";
import { atDefaultWeight, isWeighted } from "./processor.ts";
import { askOnce, now } from "./raw_http.ts";
import type { Router } from "./router.ts";
import { percentile } from "./statistics.ts";

/** What a churn is run with. */
export interface ChurnOrder {
  readonly seconds: number;
  readonly perSecond: number;
  readonly isKept: boolean;
  readonly reloads: number;
  /** Else half of the containers publish their ports. */
  readonly isAllPublished: boolean;
  /** All is done again while signalbox has no more weight than others, where it has one of its own. */
  readonly isDoneUnweighted: boolean;
}

/** What was done for a while, and what became of the requests that were scheduled meanwhile. */
export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly until: number;
  readonly faults: number;
  readonly requests: number;
  readonly failures: readonly Failure[];
  readonly p99Ms: number;
  readonly tookMs: readonly number[];
  /** The slowest that were answered, the slowest first: their time and the id in their path. */
  readonly slowest: readonly (readonly [tookMs: number, id: string])[];
}

/** Every fault once, and what they are compared with. */
export interface Round<P = Phase> {
  readonly quiet: P;
  /** The engine's own work takes processor time from everybody: how much shows on containers that nobody routes. */
  readonly engine: P;
  readonly faults: readonly P[];
}

/** What a churn gave. */
export interface ChurnResult {
  readonly weighted: Round;
  readonly unweighted: Round | undefined;
  readonly load: LoadResult;
}

const CHURNED = "app.bench";
const OTHER = "other.bench";
const STEADY = "steady.bench";
/** How long the second round is, of the first. */
const UNWEIGHTED_SHARE = 0.5;
/** Seven of ten requests go to the host whose replicas suffer. */
const HOSTS = [CHURNED, CHURNED, STEADY, CHURNED, CHURNED, OTHER, CHURNED, CHURNED, STEADY, CHURNED];

/**
 * Half of the containers publish their port, half keep connections, and every fourth listens two seconds late.
 * There are many, since busybox's httpd lets nine connections wait: after a short stall a client would wait a second.
 */
class Replicas {
  readonly members: Member[] = [];
  #count = 0;

  constructor(
    readonly fleet: Fleet,
    readonly host: string,
    readonly hasLate: boolean,
    readonly isAllPublished: boolean,
  ) {}

  #next(): MemberRequest {
    const count = this.#count++;
    const kind: Kind = count % 2 === 0 ? "tiny" : "witness";
    const isLate = this.hasLate && (count % 8 === 3 || count % 8 === 4);
    return {
      host: this.host,
      kind,
      isPublished: this.isAllPublished || count % 4 < 2,
      lateMs: isLate ? 2_000 : 0,
    };
  }

  async grow(): Promise<void> {
    const member = await this.fleet.create(this.#next());
    await this.fleet.start(member);
    this.members.push(member);
  }

  /** Waits until so many answer by themselves, so that somebody is there to take over; the oldest is taken out. */
  async takeOldest(least: number): Promise<Member> {
    await eventually(async () => {
      const answers = await Promise.all(
        this.members.map((member) => askOnce(member.address, 8080, this.host, "/", 300)),
      );
      return answers.filter((answer) => answer?.status === 200).length >= least;
    }, { what: `${least} replicas of ${this.host}`, everyMs: 10, limitMs: 20_000 });
    return this.members.shift() as Member;
  }
}

type Fault = { readonly name: string; readonly once: () => Promise<void>; readonly most?: number };

function faultsOf(fleet: Fleet, router: Router, app: Replicas, other: Replicas, reloads: number): Fault[] {
  const remove = (member: Member) => fleet.remove(member);
  const inPlace = (act: (member: Member) => Promise<void>) => async () => {
    const member = await app.takeOldest(3);
    await act(member);
    app.members.push(member);
  };
  return [
    { name: "replicas started and stopped", once: replaceIn(fleet, app, 3) },
    { name: "rm -f", once: replaceIn(fleet, app, 3, remove) },
    {
      name: "SIGKILLed",
      once: inPlace(async (member) => {
        await fleet.act(member, "kill");
        await fleet.start(member);
      }),
    },
    {
      name: "paused",
      once: inPlace(async (member) => {
        await fleet.act(member, "pause");
        // The pause is the fault: long enough for requests to hang in it, shorter than the server's timeout.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        await fleet.act(member, "unpause");
      }),
    },
    { name: "restarted", once: inPlace((member) => fleet.act(member, "restart?t=10")) },
    { name: "another host churned", once: replaceIn(fleet, other, 3) },
    { name: "forced reloads", once: () => router.reload(), most: reloads },
  ];
}

/** Adds a replica and takes the oldest out, gracefully unless said. */
function replaceIn(
  fleet: Fleet,
  replicas: Replicas,
  least: number,
  end?: (member: Member) => Promise<void>,
): () => Promise<void> {
  return async () => {
    await replicas.grow();
    const member = await replicas.takeOldest(least);
    if (end !== undefined) return await end(member);
    await fleet.act(member, "stop?t=10");
    await fleet.remove(member);
  };
}

/** Runs quiet first, then each fault for an equal share of the time. */
export async function churn(fleet: Fleet, router: Router, order: ChurnOrder): Promise<ChurnResult> {
  const app = new Replicas(fleet, CHURNED, true, order.isAllPublished);
  const other = new Replicas(fleet, OTHER, false, order.isAllPublished);
  const steady = new Replicas(fleet, STEADY, false, order.isAllPublished);
  // A name without a dot is no host.
  const unrouted = new Replicas(fleet, "unrouted", false, order.isAllPublished);
  for (const [replicas, count] of [[app, 8], [other, 4], [steady, 4], [unrouted, 2]] as const) {
    for (let at = 0; at < count; at++) await replicas.grow();
  }
  for (const { members } of [app, other, steady, unrouted]) {
    for (const member of members) await fleet.answers(member);
  }
  await eventually(async () => {
    const answers = await Promise.all(
      [CHURNED, OTHER, STEADY].map((host) => askOnce("127.0.0.1", router.port, host)),
    );
    return answers.every((answer) => answer?.status === 200);
  }, { what: "all hosts to be served" });
  router.forgetRequests();
  const faults = faultsOf(fleet, router, app, other, order.reloads);
  const shareMs = order.seconds * 1_000 / faults.length;
  const load = startLoad({
    port: router.port,
    perSecond: order.perSecond,
    isKept: order.isKept,
    hosts: HOSTS,
    postEvery: 10,
  });
  const during = async (name: string, once: () => Promise<void>, most = Infinity, lengthMs = shareMs) => {
    const from = now();
    let count = 0;
    while (now() - from < lengthMs && count < most) {
      await once();
      count++;
    }
    return { name, from, until: now(), faults: count };
  };
  const round = async (share: number): Promise<Round<Mark>> => {
    const lengthMs = shareMs * share;
    const quiet = await during("quiet", pause, Infinity, lengthMs);
    const engine = await during(
      "unrouted containers churned",
      replaceIn(fleet, unrouted, 0),
      Infinity,
      lengthMs,
    );
    const done: Mark[] = [];
    for (const { name, once, most = Infinity } of faults) {
      done.push(await during(name, once, Math.ceil(most * share), lengthMs));
    }
    return { quiet, engine, faults: done };
  };
  // The generator's own start is no part of the quiet time.
  const { done: { weighted, unweighted }, result } = await under(load, async () => {
    await during("warming up", pause, Infinity, 1_000);
    const weighted = await round(1);
    const unweighted = order.isDoneUnweighted && isWeighted
      ? await atDefaultWeight(() => round(UNWEIGHTED_SHARE))
      : undefined;
    return { weighted, unweighted };
  });
  await fleet.removeAll();
  return {
    weighted: roundOf(weighted, result),
    unweighted: unweighted && roundOf(unweighted, result),
    load: result,
  };
}

type Mark = Pick<Phase, "name" | "from" | "until" | "faults">;

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 100));

function roundOf({ quiet, engine, faults }: Round<Mark>, load: LoadResult): Round {
  const phase = (mark: Mark) => phaseOf(mark, load);
  return { quiet: phase(quiet), engine: phase(engine), faults: faults.map(phase) };
}

function phaseOf(mark: Mark, load: LoadResult): Phase {
  const isIn = (at: number) => at >= mark.from && at < mark.until;
  const samples = load.samples.filter(([at]) => isIn(at));
  const tookMs = samples.map(([, took]) => took);
  return {
    ...mark,
    requests: samples.length,
    failures: load.failures.filter(({ at }) => isIn(at)),
    p99Ms: percentile(tookMs, 99),
    tookMs,
    slowest: samples.map(([, took, , count]) => [took, `${load.run}-${count}`] as const)
      .sort((a, b) => b[0] - a[0]).slice(0, 10),
  };
}
