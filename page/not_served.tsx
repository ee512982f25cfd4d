/// <reference lib="dom" />
import type { LiveState } from "../lib/core/status/live_state.ts";
import type { PictureServer } from "../lib/core/status/picture.ts";
import type { Store } from "./store.tsx";
import { many } from "./words.ts";

/** Lines of each part that are drawn; the search of the routes finds all. */
const MOST = 500;

/** How many things there are to look after. */
export const unservedCount = (live: LiveState): number =>
  held(live).length + live.lists.leftOut.size + warnings(live).length;

/** What gets no traffic, and why: what starts, ends or fails its check, what is left out, and mistakes. */
export function NotServed({ store: { live } }: { store: Store }) {
  const waiting = held(live);
  const notices = [...live.lists.notices.values()];
  return (
    <section>
      <h2>Starting, draining, down</h2>
      {waiting.length === 0
        ? <p class="plain">Every container that is routed gets traffic.</p>
        : (
          <ul class="cards">
            {waiting.slice(0, MOST).map(({ route, server }) => (
              <li key={`${route} ${server.name}`}>
                <p>
                  <b>{server.container}</b> of {route} is{" "}
                  <span class={`state ${server.state}`}>{server.state}</span>
                </p>
                {server.why !== undefined && <p class="soft">{server.why}</p>}
              </li>
            ))}
          </ul>
        )}
      <More of={waiting.length} />
      <h2>Left out</h2>
      {live.lists.leftOut.size === 0
        ? <p class="plain">Every container that asks for a route has one.</p>
        : (
          <ul class="cards">
            {[...live.lists.leftOut.values()].slice(0, MOST).map(({ key, container, wanted, why, line }) => (
              <li key={key}>
                <p>
                  <b>{container}</b>
                  {wanted !== undefined && ` (${wanted})`} serves nothing: {why}
                </p>
                {line !== undefined && (
                  <p>
                    Line to add: <code class="line">{line}</code>
                  </p>
                )}
              </li>
            ))}
          </ul>
        )}
      <More of={live.lists.leftOut.size} />
      <h2>Mistakes and choices</h2>
      {notices.length === 0 ? <p class="plain">Nothing to tell.</p> : (
        <ul class="cards">
          {notices.slice(0, MOST).map(({ key, severity, text }) => (
            <li key={key} class={severity}>
              <p>{text}</p>
            </li>
          ))}
        </ul>
      )}
      <More of={notices.length} />
    </section>
  );
}

const More = ({ of }: { of: number }) =>
  of <= MOST ? null : <p class="plain">and {many(of - MOST, "other")}</p>;

const warnings = (live: LiveState) =>
  [...live.lists.notices.values()].filter(({ severity }) => severity === "warning");

/** Servers without traffic; the routes of one backend have the same ones. */
function held(live: LiveState): readonly { readonly route: string; readonly server: PictureServer }[] {
  const names = new Map<string, string>();
  for (const { backend, name } of live.lists.routes.values()) {
    if (!names.has(backend)) names.set(backend, name);
  }
  return [...live.lists.backends.values()].flatMap(({ name, servers }) =>
    servers.filter(({ state }) => state !== "ready").map((server) => ({
      route: names.get(name) ?? name,
      server,
    }))
  );
}
