/** Requests against containers that say things, the oldest first. */
import assert from "node:assert/strict";
import { Design } from "../../../lib/core/config/design.ts";
import { BUILTIN_TEMPLATES, compileTemplates } from "../../../lib/core/config/templates.ts";
import { parseRequest, type RequestWords } from "../../../lib/core/request/client_request.ts";
import { type Traced, traceRequest } from "../../../lib/core/request/trace.ts";
import { tellRequest, type ToldRequest } from "../../../lib/core/status/told_request.ts";
import type { Frontend } from "../../../lib/core/model/model.ts";
import type { RoutingSettings } from "../../../lib/core/model/routing_settings.ts";
import { container, port, SETTINGS } from "../containers.ts";

/** What a container says in INTERLOCK_DATA. */
export type Said = Readonly<Record<string, unknown>>;

/** A frontend with TLS. */
export const TLS: Partial<Frontend> = { tls: { port: port(443), options: "", profile: "intermediate" } };

/** The world of these containers. */
export class Asked {
  readonly #design: Design;
  readonly #built;
  readonly #world;

  constructor(
    said: Readonly<Record<string, Said>>,
    frontend: Partial<Frontend> = {},
    settings: Partial<RoutingSettings> = {},
  ) {
    const given = { ...SETTINGS, ...settings, frontend: { ...SETTINGS.frontend, ...frontend } };
    this.#design = new Design(given, compileTemplates(BUILTIN_TEMPLATES));
    const containers = Object.entries(said).map(([name, data], at) =>
      container(name, { createdAt: at, interlockData: JSON.stringify(data) })
    );
    this.#built = this.#design.build({ containers, stopping: new Set(), starting: new Set() });
    this.#world = this.#design.render(this.#built.model);
  }

  /** What becomes of a request, where chance has no part in it. */
  trace(url: string, words: RequestWords = {}): Traced["trace"] {
    const [way, ...others] = this.ways(url, words);
    assert.ok(way !== undefined && others.length === 0, `${url} goes one way`);
    return way.trace;
  }

  ways(url: string, words: RequestWords = {}): readonly Traced[] {
    return traceRequest(requestOf(url, words), this.#world);
  }

  told(url: string, words: RequestWords = {}): readonly ToldRequest[] {
    return tellRequest(requestOf(url, words), { built: this.#built, world: this.#world });
  }
}

function requestOf(url: string, words: RequestWords) {
  const request = parseRequest(url, words);
  assert.ok(request.ok, request.ok ? "" : `${url}: expected ${request.expected}`);
  return request.value;
}
