import { count } from "../../values/count.ts";
import type { KeptEvent } from "../history.ts";
import type { LiveState } from "../live_state.ts";
import { troubleOfSource } from "../source_status.ts";
import { columnsOf, figure } from "./cell.ts";
import { type Line, line, type Style } from "./line.ts";

/** How `top` stands with the signalbox that it shows; `since` is the time of day when it was cut off, in UTC. */
export type Connection = { readonly kind: "connecting" | "live" } | {
  readonly kind: "cut";
  readonly since: string;
};

/** What holds for all routes: how signalbox, HAProxy and the sources stand, and how busy they are. */
export function headLines(state: LiveState, connection: Connection, columns: number): readonly Line[] {
  const troubles = troublesOf(state, connection);
  return [
    firstLine(state, connection, columns),
    line(columns, [sourcesWord(state)]),
    line(columns, [loadWord(state)]),
    ...troubles.map((text) => line(columns, [text, "bad"])),
  ];
}

function firstLine(state: LiveState, connection: Connection, columns: number): Line {
  const { facts, haproxy } = state;
  const [word, style] = stateWord(state);
  const version = haproxy?.version === undefined ? "" : `  HAProxy ${haproxy.version}`;
  const old = (haproxy?.oldWorkers ?? 0) > 0 ? `, ${count(haproxy?.oldWorkers ?? 0, "old worker")}` : "";
  const [name, rest] = [`signalbox ${facts?.version ?? ""}  `, `${version}${old}`];
  const links = { connecting: "connecting", live: "live", cut: "cut off" };
  const link = links[connection.kind];
  const room = columns - columnsOf(name + word + rest) - link.length;
  return line(
    columns,
    [name],
    [word, style],
    [rest],
    [" ".repeat(Math.max(2, room))],
    [link, connection.kind === "live" ? "good" : "warn"],
  );
}

/** Whether what HAProxy serves is what it should. */
export function stateWord({ facts, haproxy }: LiveState): readonly [word: string, style: Style] {
  if (haproxy === undefined) return ["asking HAProxy", "soft"];
  if (!haproxy.isServing) return ["HAPROXY DOES NOT SERVE", "bad"];
  return facts?.trouble === undefined ? ["in step", "good"] : ["NOT IN STEP", "bad"];
}

/** The sources of containers that are connected. */
export function sourcesWord({ facts }: LiveState): string {
  return (facts?.sources ?? []).filter(({ isConnected }) => isConnected)
    .map(({ name, containers }) => `${name}: ${containers}`).join("  ");
}

/** How busy HAProxy is, and what is not as it may be wanted. */
export function loadWord({ loads, lists }: LiveState): string {
  const { leftOut, notices } = lists;
  const warnings = [...notices.values()].filter(({ severity }) => severity === "warning").length;
  return [
    ...loads
      ? [
        `${figure(loads.clients[0])} requests/s`,
        `${figure(loads.clients[1])} errors/s`,
        count(loads.clients[4], "session"),
      ]
      : loads === null
      ? ["HAProxy tells no figures"]
      : [],
    ...leftOut.size === 0 ? [] : [`${leftOut.size} not served`],
    ...warnings === 0 ? [] : [count(warnings, "warning")],
  ].join("  ");
}

/** What is wrong, a line each: the two that matter most. */
export function troublesOf({ facts }: LiveState, connection: Connection): readonly string[] {
  return [
    ...connection.kind === "cut"
      ? [`what you see is from ${connection.since} UTC: signalbox does not answer`]
      : [],
    ...facts?.trouble === undefined ? [] : [`not in step: ${facts.trouble}`],
    ...(facts?.sources ?? []).flatMap((source) => troubleOfSource(source) ?? []),
  ].slice(0, 2);
}

const LEVELS: Readonly<Record<string, Style>> = { error: "bad", warn: "warn" };

/** A change, with its time and how long it took from Docker's event to HAProxy. */
export function changeLine({ at, level, text, fields }: KeptEvent, columns: number): Line {
  return line(columns, [`${at.slice(11, 19)} `, "soft"], [changeWord(text, fields), LEVELS[level]]);
}

/** What happened, and in brackets how many milliseconds after the event that began it. */
export function changeWord(text: string, fields: KeptEvent["fields"]): string {
  const took = fields["sinceEventMs"];
  return took === undefined ? text : `${text} (${took} ms)`;
}
