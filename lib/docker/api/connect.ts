import { createHash } from "node:crypto";
// @ts-types="npm:@types/dockerode@4.0.2"
import Docker from "dockerode";
import { TimeLimit } from "../../clock.ts";
import type { Clock } from "../../ports.ts";
import { AnswerTooLongError, withinLimit } from "./answer_limit.ts";
import { ACTIONS } from "./event.ts";
import { EngineError, type EngineTransport, ReadModem } from "./modem.ts";
import { SharedReads } from "./shared_reads.ts";

/** The newest Docker API whose answers signalbox is known to read rightly; engines of 20.10 end at 1.41. */
const NEWEST_API = "1.51";

/** One entry of `GET /containers/json`, as far as it is read. */
export type ListedContainer = {
  readonly id: string;
  /** Another where the container has changed: a hash of what such a change shows in the entry, without its uptime. */
  readonly print: string;
};

/** The tasks of a Swarm, unless they are those of a mark that was known. */
export type MarkedTasks = { readonly mark: string; readonly tasks: readonly unknown[] | undefined };

/** An engine that answers. */
export type Engine = {
  /** The running containers, paused ones too. */
  readonly list: (signal: AbortSignal) => Promise<readonly ListedContainer[]>;
  /** Containers that do not run, the newest first and not too many of them. */
  readonly stopped: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Which of these containers run, by a list: it answers at once, while an inspect waits for the end's clean-up. */
  readonly running: (ids: readonly string[], signal: AbortSignal) => Promise<ReadonlySet<string>>;
  /** One container's JSON; `undefined` if it is gone; AnswerTooLongError, as data, where it is too long. */
  readonly inspect: (id: string, signal: AbortSignal) => Promise<unknown>;
  /** One network's JSON, with the addresses that it gave its containers. */
  readonly inspectNetwork: (id: string, signal: AbortSignal) => Promise<unknown>;
  /** What it says of itself, its part in a Swarm among it; `undefined` where a filter in front of it lets nobody ask. */
  readonly info: (signal: AbortSignal) => Promise<unknown>;
  /** The services, tasks and nodes of the Swarm that it manages; throws where it manages none, or none leads it. */
  readonly services: (signal: AbortSignal) => Promise<readonly unknown[]>;
  readonly tasks: (signal: AbortSignal) => Promise<readonly unknown[]>;
  /** The same with a mark; no tasks where the mark is the known one: any manager gives the same tasks the same mark. */
  readonly tasksUnless: (known: string | undefined, signal: AbortSignal) => Promise<MarkedTasks>;
  readonly nodes: (signal: AbortSignal) => Promise<readonly unknown[]>;
  /** The events of services and nodes that a manager sends, as bytes of JSON lines. */
  readonly swarmEvents: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** The engine's events, as bytes of JSON lines. */
  readonly events: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** The signals of the last minutes that the engine still knows of, as bytes of JSON lines; then the stream ends. */
  readonly recentKills: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** Whether it answers within the milliseconds. */
  readonly answersWithin: (limitMs: number, signal: AbortSignal) => Promise<boolean>;
  /** Whether it is Podman, whose events do not tell of a container that begins to stop. */
  readonly isPodman: boolean;
  /** What the engine calls itself: `20.10.24, API 1.41`. */
  readonly description: string;
  readonly close: () => void;
};

/** What `GET /version` calls the first component of a Podman. */
const PODMANS_NAME = "Podman Engine";

/** The events that can change the routing; Docker sends no others, so that `docker exec` costs nothing. */
const EVENT_FILTERS = { type: ["container", "network"], event: [...ACTIONS] };

/** Managers tell of no task. Only engines of a Swarm are sent these. */
const SWARM_FILTERS = { type: ["service", "node"] };

/** How many stopped containers are read at most, for `explain`, which tells why one serves nothing. */
const STOPPED = { status: ["created", "exited", "dead"] };
const MOST_STOPPED = 500;

/**
 * How many reads of one container, or of one network, are under way at most; other callers share the next read. An engine
 * that does not answer about one container thus delays only that one.
 */
const READS_OF_ONE = 2;

/** How far back signalbox asks for signals, in seconds; the engine itself keeps the last 256 events. */
const RECENT_S = 600;

type Options = { readonly abortSignal: AbortSignal };

type EngineVersion = {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly Components?: readonly { readonly Name?: string }[] | null;
};

/** The calls of dockerode that signalbox makes: reads, each with an abort signal, which dockerode's types lack. */
type EngineCalls = {
  ping(options: Options): Promise<unknown>;
  version(options: Options): Promise<EngineVersion>;
  listContainers(
    options: Options & {
      all?: boolean;
      limit?: number;
      filters?: Partial<Record<"id" | "status", readonly string[]>>;
    },
  ): Promise<readonly Docker.ContainerInfo[]>;
  getEvents(
    options: Options & {
      filters: Partial<Record<keyof typeof EVENT_FILTERS, readonly string[]>>;
      since?: string;
      until?: string;
    },
  ): Promise<ReadableStream<Uint8Array>>;
  info(options: Options): Promise<unknown>;
  listServices(options: Options): Promise<readonly unknown[]>;
  listNodes(options: Options): Promise<readonly unknown[]>;
  getNetwork(id: string): { inspect(options: Options): Promise<unknown> };
};

/**
 * Connects to an engine and agrees on the API's version; throws when it does not answer. The deadline, in milliseconds,
 * is each call's.
 */
export async function connectEngine(
  transport: EngineTransport,
  clock: Clock,
  signal: AbortSignal,
  deadlineMs?: number,
): Promise<Engine> {
  const modem = new ReadModem(transport, clock, deadlineMs);
  const docker = new Docker({ modem } as unknown as Docker.DockerOptions) as unknown as EngineCalls;
  try {
    const version = await docker.version({ abortSignal: signal });
    const isPodman = version.Components?.some?.(({ Name: name }) => name === PODMANS_NAME) ?? false;
    const inspects = new SharedReads(READS_OF_ONE);
    modem.version = `/v${agreeOnApi(version.ApiVersion, version.MinAPIVersion)}`;
    const listed = async (query: Parameters<EngineCalls["listContainers"]>[0]) =>
      withinLimit(await docker.listContainers(query), "the list of containers");
    return {
      list: async (abortSignal) =>
        (await listed({ abortSignal })).map((entry) => ({
          id: entry.Id,
          print: fingerprint(entry),
        })),
      stopped: async (abortSignal) =>
        (await listed({ all: true, limit: MOST_STOPPED, filters: STOPPED, abortSignal })).map((
          entry,
        ) => entry.Id),
      running: async (ids, abortSignal) =>
        new Set(
          (await listed({ filters: { id: ids }, abortSignal })).map((entry) => entry.Id),
        ),
      inspect: (id, signal) => inspects.read(id, () => inspectUnlessGone(modem, id, signal)),
      inspectNetwork: (id, abortSignal) => docker.getNetwork(id).inspect({ abortSignal }),
      info: (abortSignal) => docker.info({ abortSignal }).catch(orRefused),
      services: async (abortSignal) =>
        withinLimit(await docker.listServices({ abortSignal }), "the list of services"),
      tasks: async (signal) => (await readTasks(modem, undefined, signal)).tasks ?? [],
      tasksUnless: (known, signal) => readTasks(modem, known, signal),
      nodes: async (abortSignal) => withinLimit(await docker.listNodes({ abortSignal }), "the list of nodes"),
      swarmEvents: (abortSignal) => docker.getEvents({ filters: SWARM_FILTERS, abortSignal }),
      events: (abortSignal) => docker.getEvents({ filters: EVENT_FILTERS, abortSignal }),
      recentKills: (abortSignal) => {
        // The end lies in the past, so that the engine closes the stream.
        const until = clock.date().getTime() / 1_000;
        const span = { since: (until - RECENT_S).toFixed(3), until: until.toFixed(3) };
        return docker.getEvents({ filters: { type: ["container"], event: ["kill"] }, ...span, abortSignal });
      },
      answersWithin: async (limitMs, abortSignal) => {
        using limit = new TimeLimit(clock, limitMs);
        const signal = AbortSignal.any([abortSignal, limit.signal]);
        return await docker.ping({ abortSignal: signal }).then(() => true, () => abortSignal.aborted);
      },
      isPodman,
      description: `${isPodman ? "Podman " : ""}${version.Version}, API ${modem.version.slice(2)}`,
      close: () => modem.close(),
    };
  } catch (error) {
    modem.close();
    throw error;
  }
}

/** The newest version that both sides know; where the engine's oldest is newer than ours, that one. */
export function agreeOnApi(newest: string, oldest: string | undefined): string {
  const isBelow = (a: string, b: string) => Number(a.split(".")[1]) < Number(b.split(".")[1]);
  if (!/^1\.[0-9]{1,3}$/.test(newest)) {
    throw new EngineError(`the API version ${newest} is not one of Docker's`, undefined);
  }
  if (oldest !== undefined && isBelow(NEWEST_API, oldest)) return oldest;
  return isBelow(newest, NEWEST_API) ? newest : NEWEST_API;
}

async function inspectUnlessGone(modem: ReadModem, id: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await modem.get(`/containers/${id}/json`, signal);
  } catch (error) {
    if (error instanceof EngineError && error.statusCode === 404) return undefined;
    if (error instanceof AnswerTooLongError) return error;
    throw error;
  }
}

async function readTasks(
  modem: ReadModem,
  known: string | undefined,
  signal: AbortSignal,
): Promise<MarkedTasks> {
  const { mark, json } = await modem.getUnless("/tasks", known, signal);
  const tasks = json as MarkedTasks["tasks"];
  return { mark, tasks: tasks && withinLimit(tasks, "the list of tasks") };
}

/** A hash: the texts themselves would be a tenth of what signalbox holds where there are thousands. */
function fingerprint(entry: Docker.ContainerInfo): string {
  const health = /\((.*)\)/.exec(entry.Status)?.[1] ?? "";
  const parts = [entry.Names, entry.State, health, entry.Labels, entry.Ports, entry.NetworkSettings];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

/** An engine behind a filter that lets nobody ask this is in no Swarm, as far as signalbox is to know. */
function orRefused(error: unknown): undefined {
  const status = error instanceof EngineError ? error.statusCode ?? 0 : 0;
  if (status < 400 || status >= 500) throw error;
}
