import type { Model } from "../model/model.ts";
import { count } from "../values/count.ts";

/** One source of containers: an engine, or a file of containers, of routes that are none, or of engines. */
export type SourceStatus = {
  /** A file, and of what, or a Swarm; absent for an engine. */
  readonly kind?: "routes" | "snapshot" | "swarm" | "engines";
  readonly name: string;
  /** The engine is followed, or the file can be used as it is. */
  readonly isConnected: boolean;
  /** What the engine calls itself, or why it is not there, or why the file cannot be used. */
  readonly detail: string;
  /** How many containers, or routes, there are: of a file that cannot be used, those that were read before. */
  readonly containers: number;
  /** How often an engine's events were followed anew since the start; absent where there are none. */
  readonly reconnects?: number;
  /** What the names of a file's routes end with. */
  readonly mark?: string;
  /** How many routes of the file are served; the others are left out, each with a notice. */
  readonly served?: number;
};

/** The sources, with how many of a file's routes the model serves. */
export function servedOf(sources: readonly SourceStatus[], { backends }: Model): readonly SourceStatus[] {
  if (sources.every(({ mark }) => mark === undefined)) return sources;
  const names = new Set(backends.flatMap(({ servers }) => servers.map(({ containerName }) => containerName)));
  return sources.map((source) => {
    const { mark } = source;
    if (mark === undefined) return source;
    return { ...source, served: [...names].filter((name) => name.endsWith(mark)).length };
  });
}

/** How a source stands, for people. */
export function sourceLine(source: SourceStatus): string {
  const { kind, name, isConnected, detail, containers } = source;
  switch (kind) {
    case "routes": {
      const { served = containers } = source;
      const state = isConnected
        ? "in use"
        : `NOT USED AS IT IS (${detail}), those that were read before stay`;
      const others = served < containers ? `, and ${containers - served} left out` : "";
      return `routes of ${name}: ${state}, ${count(served, "route")}${others}`;
    }
    case "snapshot":
      return isConnected
        ? `containers: ${name}: ${detail}, ${containers} running`
        : `containers: ${name}: CANNOT BE USED (${detail}), the last good state stays, ${containers} running in it`;
    case "swarm": {
      const state = isConnected ? detail : `NOT READABLE (${detail}), its tasks stay as they were`;
      return `swarm of ${name}: ${state}, ${count(containers, "task")}`;
    }
    case "engines":
      return isConnected
        ? `engines of ${name}: in use, ${detail}`
        : `engines of ${name}: NOT USED AS IT IS (${detail}), and none goes`;
    default: {
      const state = isConnected ? "connected" : "NOT CONNECTED";
      return `containers: ${name}: ${state} (${detail}), ${containers} running`;
    }
  }
}

/** What is wrong with a source, in words; `undefined` where nothing is. */
export function troubleOfSource({ kind, name, isConnected, detail }: SourceStatus): string | undefined {
  if (isConnected) return undefined;
  return kind === undefined
    ? `${name} is not connected: ${detail}`
    : `${name} cannot be used, and what was read of it before stays: ${detail}`;
}
