/// <reference lib="dom" />
import type { LiveState } from "../lib/core/status/live_state.ts";
import { Sparkline } from "./chart.tsx";
import type { Store } from "./store.tsx";
import { many, number, timeOf } from "./words.ts";

/** What holds for all of it: how signalbox and HAProxy stand, and how busy they are. */
export function Header({ store }: { store: Store }) {
  const { live, connection } = store;
  const { facts, haproxy, loads } = live;
  return (
    <header>
      <p class="name">
        <strong>signalbox</strong> {facts?.version}
        {facts !== undefined && <span class="soft">pid {facts.pid}</span>}
      </p>
      <ConnectionWord store={store} />
      <ul class="facts">
        <li class={isWell(live) ? "good" : "bad"}>{stateWord(live)}</li>
        {haproxy?.version !== undefined && (
          <li>
            HAProxy {haproxy.version}
            {haproxy.oldWorkers > 0 && `, ${many(haproxy.oldWorkers, "old worker")} draining`}
          </li>
        )}
        {facts?.sources.map(({ name, isConnected, detail, containers }) => (
          <li key={name} class={isConnected ? undefined : "bad"}>
            {name}: {isConnected ? many(containers, "container") : `not connected (${detail})`}
          </li>
        ))}
        {loads && (
          <li>
            {number(loads.clients[0])} requests/s, {number(loads.clients[4])} sessions
            <Sparkline points={store.history.get("")} />
          </li>
        )}
        {loads === null && <li>HAProxy tells no figures</li>}
      </ul>
      {facts?.trouble !== undefined && <p class="trouble" role="alert">Not in step: {facts.trouble}</p>}
      {connection.kind === "cut" && live.facts !== undefined && (
        <p class="trouble">What you see is from {timeOf(connection.since.toISOString())}.</p>
      )}
    </header>
  );
}

function ConnectionWord({ store: { connection } }: { store: Store }) {
  const words = {
    connecting: "connecting",
    live: "live",
    paused: "paused",
    cut: "cut off, trying again",
  } as const;
  return <p class={`connection ${connection.kind}`} role="status">{words[connection.kind]}</p>;
}

const isWell = ({ facts, haproxy }: LiveState): boolean =>
  haproxy?.isServing === true && facts?.trouble === undefined;

function stateWord({ facts, haproxy }: LiveState): string {
  if (haproxy === undefined) return "asking HAProxy";
  if (!haproxy.isServing) return "HAProxy does not serve";
  return facts?.trouble === undefined ? "in step" : "not in step";
}
