/** An agent that runs in the test itself, in time that goes faster, with a server in HAProxy's place. */
import { AcmeAgent } from "../../lib/acme/agent.ts";
import type { AcmeParts } from "../../lib/acme/agent.ts";
import { AcmeStorage } from "../../lib/acme/storage.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Want } from "../../lib/core/acme/wanted.ts";
import type { HostName } from "../../lib/core/values/names.ts";
import type { Clock } from "../../lib/ports.ts";
import { Witness } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { type Authority, withAuthority } from "./authority.ts";

/** An agent on a stage. */
export interface StagedAgent {
  readonly agent: AcmeAgent;
  readonly report: Witness;
  want(...hosts: readonly (string | readonly string[])[]): void;
  /** Ends it as SIGTERM does. */
  end(): Promise<void>;
}

/** One test's stage. */
export interface AgentStage extends Pick<Authority, "pebble" | "defer"> {
  readonly storage: AcmeStorage;
  /** Has the server answer wrongly where this says so. */
  spoil(isWrong: () => boolean): void;
  /** Tokens that were asked for, by host. */
  readonly asked: string[];
  agent(more?: Partial<AcmeParts> & { readonly speed?: number }): Promise<StagedAgent>;
  /** Waits for a certificate of exactly these names. */
  certificate(...names: readonly string[]): Promise<void>;
}

/** A test of the agent against a real authority, named by the sentence that it proves. */
export function agent(
  sentence: string,
  settings: Parameters<typeof withAuthority>[1],
  body: (stage: AgentStage) => Promise<void>,
): void {
  withAuthority(sentence, settings, async ({ folder, pebble, port, defer }) => {
    const storage = new AcmeStorage(`${folder}/storage`);
    const key = await storage.accountKey();
    const asked: string[] = [];
    let isWrong = () => false;
    const server = Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      const { hostname, pathname } = new URL(request.url);
      asked.push(hostname);
      if (isWrong()) return new Response("not found", { status: 404 });
      return new Response(`${pathname.split("/").at(-1)}.${key.thumbprint}`);
    });
    defer(() => server.shutdown());
    let count = 0;
    const start: AgentStage["agent"] = async ({ speed = 1, ...more } = {}) => {
      const report = new Witness();
      const ending = new AbortController();
      const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(pebble.ca)] });
      let wants: readonly Want[] = [];
      const one = new AcmeAgent({
        storage,
        identity: { key, email: "me@example.com", eab: undefined },
        directories: [pebble.directory],
        settings: "as they were",
        clock: faster(speed),
        version: "0.0.0",
        client,
        report,
        holder: `agent${count++}`,
        wants: () => wants,
        whyNotOurs: () => Promise.resolve(undefined),
        ...more,
      });
      const running = one.run(ending.signal);
      let ended: Promise<void> | undefined;
      const end = () =>
        ended ??= (async () => {
          ending.abort();
          await running;
          client.close();
        })();
      defer(end);
      return {
        agent: one,
        report,
        end,
        want(...hosts) {
          wants = hosts.map((names) => typeof names === "string" ? [names] : names)
            .map((names) => ({
              name: names[0] ?? "",
              hosts: names as readonly HostName[],
              owner: names[0] ?? "",
            }));
          one.wake();
        },
      };
    };
    const certificate: AgentStage["certificate"] = async (...names) => {
      await eventually(
        async () =>
          (await storage.list()).some((held) => held.names.toSorted().join() === names.toSorted().join()),
        {
          what: `a certificate of ${names}`,
          limitMs: 60_000,
        },
      );
    };
    const spoil: AgentStage["spoil"] = (next) => void (isWrong = next);
    await body({ pebble, storage, asked, spoil, agent: start, certificate, defer });
  });
}

/**
 * A clock that goes so many times as fast. How long others may take to answer (`after`) is as long as ever, unless that has a
 * speed too: they go no faster.
 */
export function faster(speed: number, limitSpeed = 1): Clock {
  const [now, date] = [systemClock.now(), systemClock.date().getTime()];
  const passed = () => (systemClock.now() - now) * speed;
  return {
    now: () => now + passed(),
    date: () => new Date(date + passed()),
    after: (ms, callback) => systemClock.after(ms / limitSpeed, callback),
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
}

/** A clock whose date the test moves; what waits is not moved with it. */
export class JumpClock implements Clock {
  #aheadMs = 0;
  now = (): number => systemClock.now();
  date = (): Date => new Date(systemClock.date().getTime() + this.#aheadMs);
  after: Clock["after"] = (ms, callback) => systemClock.after(ms, callback);
  sleep: Clock["sleep"] = (ms, signal) => systemClock.sleep(ms, signal);
  /** Sets the date ahead, or back. */
  jump(ms: number): void {
    this.#aheadMs += ms;
  }
  /** Has it show the machine's date again. */
  setRight(): void {
    this.#aheadMs = 0;
  }
}
