/** Containers that differ by what they say alone. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { curl, PROTOCOLS } from "./curl.ts";
import { Echo, ok } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import type { Stage } from "./stage.ts";

/** A snapshot of containers at one port of the loopback, the oldest first: by name, what each says. */
export function snapshotOf(port: number, said: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(said).map(([name, data], at) => agedContainer(name, port, data, at)));
}

/** One container as `docker inspect` prints it; `age` is its place among the others. */
export const agedContainer = (name: string, port: number, data: unknown, age: number) =>
  containerOf(name, port, data, { created: `2024-01-01T00:${String(age).padStart(2, "0")}:00Z` });

/** Containers that each answer with a name of their own and the path that they see. */
export class Containers implements AsyncDisposable {
  readonly #echoes = new Map<string, Echo>();

  constructor(...names: readonly string[]) {
    for (const name of names) {
      const answer = (head: string) => ok(`${name} ${/^\S+ (\S+)/.exec(head)?.[1]}`);
      this.#echoes.set(name, new Echo(answer));
    }
  }

  /** What is wanted where they say these things, the oldest first. */
  async apply(stage: Stage, said: Readonly<Record<string, unknown>>): Promise<void> {
    const all = Object.entries(said).map(([name, data], at) => {
      const { port } = this.#echoes.get(name) ?? { port: 0 };
      return agedContainer(name, port, data, at);
    });
    await stage.apply(want(stage.routing, JSON.stringify(all), {}));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const echo of this.#echoes.values()) await echo[Symbol.asyncDispose]();
  }
}

/** Each URL is answered with 200 and a body, or with a status, over both protocols. */
export async function expectBodies(
  { httpPort }: Stage,
  bodies: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [url, wanted] of Object.entries(bodies)) {
    for (const protocol of PROTOCOLS) {
      const { status, body } = await curl(httpPort, `http://${url}`, protocol);
      assert.equal(status === 200 ? body : `${status}`, wanted, `${protocol} ${url}`);
    }
  }
}
