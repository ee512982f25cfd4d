/// <reference lib="dom" />
import { useEffect, useRef, useState } from "preact/hooks";
import { shareOf } from "../lib/core/status/live_rows.ts";
import type { InForce } from "../lib/core/status/in_force.ts";
import type { PictureServer } from "../lib/core/status/picture.ts";
import { ask } from "./ask.tsx";
import { certificateOf } from "./certificate_of.ts";
import { Sparkline } from "./chart.tsx";
import type { Store } from "./store.tsx";
import { dateOf, daysUntil, number } from "./words.ts";

/** All that is known of one route, in a window of its own. */
export function Details({ store, routeKey, onClose }: {
  store: Store;
  routeKey: string;
  onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { lists, loads } = store.live;
  const route = lists.routes.get(routeKey);
  const backend = route === undefined ? undefined : lists.backends.get(route.backend);
  const inForce = useInForce(routeKey, backend?.guards);
  const others = [...lists.routes.values()].filter((each) =>
    each.backend === route?.backend && each.key !== routeKey
  );
  const load = route === undefined ? undefined : loads?.backends[route.backend]?.[0];
  const times = route === undefined ? undefined : loads?.percentiles?.[route.backend];
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="details-title">
      <h2 id="details-title">{route?.name ?? "This route is gone"}</h2>
      {route !== undefined && (
        <dl>
          {route.to !== undefined && <Fact name="Redirects to">{route.to}</Fact>}
          <Fact name="Route's id">{route.backend}</Fact>
          {others.length > 0 && (
            <Fact name="The same containers serve">{others.map(({ name }) => name).join(", ")}</Fact>
          )}
          {backend !== undefined && <Fact name="Spread by">{backend.balance}</Fact>}
          {inForce?.rules.map(({ key, value, from }) => (
            <Fact key={key} name={key}>
              {value}
              {from !== undefined && <span class="from">{from}</span>}
            </Fact>
          ))}
          {inForce?.redirects.map(({ source, target, code, from }) => (
            <Fact key={source} name="redirect">
              {source} to {target} with {code}
              {from !== undefined && <span class="from">{from}</span>}
            </Fact>
          ))}
          {load !== undefined && (
            <Fact name={others.length > 0 ? "Figures of all of these" : "Figures"}>
              {number(load[0])} requests/s, {number(load[1])} errors/s, answers begin after {number(load[2])}
              {" "}
              ms and requests take {number(load[3])} ms on average (of the last 1,024), {number(load[4])}{" "}
              sessions, {number(load[5])} queued
              <Sparkline points={store.history.get(route.backend)} wide />
            </Fact>
          )}
          {times !== undefined && (
            <Fact name="Until the answer began">
              p50 {times[0]} ms, p95 {times[1]} ms (of the last 256 requests)
            </Fact>
          )}
          <CertificateFact store={store} host={route.host} />
        </dl>
      )}
      {backend !== undefined && (
        <>
          <h3>Containers</h3>
          <ul class="containers">
            {backend.servers.map((server) => (
              <Server key={server.name} store={store} server={server} servers={backend.servers} />
            ))}
          </ul>
        </>
      )}
      <button type="button" onClick={() => dialog.current?.close()}>Close</button>
    </dialog>
  );
}

/** What narrows, redirects or protects the route, with who says so. */
function useInForce(routeKey: string, guards: readonly string[] | undefined): InForce | undefined {
  const [found, setFound] = useState<InForce | null>();
  useEffect(() => {
    const asking = new AbortController();
    ask<InForce | null>(`in-force?${new URLSearchParams({ route: routeKey })}`, asking.signal).then(
      setFound,
      () => undefined,
    );
    return () => asking.abort();
  }, [routeKey, guards]);
  return found ?? undefined;
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Server({ store, server, servers }: {
  store: Store;
  server: PictureServer;
  servers: readonly PictureServer[];
}) {
  const container = store.live.lists.containers.get(server.id);
  return (
    <li>
      <p>
        <b>{server.container}</b> <code>{server.id}</code> at {server.address}:{" "}
        <span class={`state ${server.state}`}>{server.state}</span>
        {server.why !== undefined && `: ${server.why}`}
        {server.state === "ready" && `, ${shareOf(server, servers)}% of the requests`}
      </p>
      {container !== undefined && container.image !== "" && <p class="soft">image {container.image}</p>}
      {container !== undefined && container.labels.length > 0 && (
        <ul class="labels">
          {container.labels.map((label) => (
            <li key={label}>
              <code>{label}</code>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function CertificateFact({ store, host }: { store: Store; host: string }) {
  const found = certificateOf(store.live, host);
  if (found === undefined) return null;
  return (
    <Fact name="Certificate">
      {found.name}, valid until {dateOf(found.validTo)} ({daysUntil(found.validTo)} days)
    </Fact>
  );
}
