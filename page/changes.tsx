/// <reference lib="dom" />
import { useState } from "preact/hooks";
import type { KeptEvent } from "../lib/core/status/history.ts";
import type { Store } from "./store.tsx";
import { many, timeOf } from "./words.ts";

const LEVELS = ["all", "warnings and errors"] as const;

/** What signalbox did and found, as it happens, the newest first. */
export function Changes({ store }: { store: Store }) {
  const [level, setLevel] = useState<(typeof LEVELS)[number]>("all");
  const { events, hasGap } = store.live;
  const wanted = events.filter((event) =>
    level === "all" || event.level === "warn" || event.level === "error"
  );
  return (
    <section>
      <form class="tools" onSubmit={(event) => event.preventDefault()}>
        <label>
          Show
          <select
            value={level}
            onChange={(event) => setLevel(event.currentTarget.value as (typeof LEVELS)[number])}
          >
            {LEVELS.map((each) => <option key={each} value={each}>{each}</option>)}
          </select>
        </label>
        <p role="status">{many(wanted.length, "event")}</p>
      </form>
      {hasGap && <p class="plain">Some events are missing: signalbox keeps the last 500.</p>}
      <ol class="events" aria-label="Events, the newest first">
        {wanted.toReversed().map((event) => <Event key={event.id} event={event} />)}
      </ol>
    </section>
  );
}

/** Fields that the words have already, or that people do not read. */
const SAID = new Set(["sinceEventMs"]);

function Event({ event: { at, level, text, fields, event } }: { event: KeptEvent }) {
  const took = fields["sinceEventMs"];
  const others = Object.entries(fields).filter(([name, value]) =>
    !SAID.has(name) && value !== undefined && value !== null && !text.includes(String(value))
  );
  return (
    <li class={level}>
      <time dateTime={at} title={at}>{timeOf(at)}</time>
      <span class="level">{level}</span>
      <span class="words">
        {text}
        {others.length > 0 && <span class="soft">{others.map(fieldWords).join(", ")}</span>}
      </span>
      <span
        class="took"
        title={took === undefined ? undefined : "from the engine's event to HAProxy's answer"}
      >
        {took === undefined ? "" : `${took} ms`}
      </span>
      <span class="hidden">{event}</span>
    </li>
  );
}

const fieldWords = ([name, value]: [string, unknown]): string =>
  `${name}: ${
    Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : value
  }`;
