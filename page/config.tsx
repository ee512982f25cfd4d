/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";
import type { ShownConfig } from "../lib/core/status/page_answers.ts";
import { ask } from "./ask.tsx";
import type { Store } from "./store.tsx";

/** Lines of the difference that are drawn in colours. */
const MOST_LINES = 3_000;

/** The configuration that HAProxy has, and what the last change made of it. */
export function Config({ store }: { store: Store }) {
  const [config, setConfig] = useState<ShownConfig>();
  const [trouble, setTrouble] = useState<string>();
  const [file, setFile] = useState("haproxy.cfg");
  const last = store.live.events.findLast(({ event }) => event === "changed" || event === "reloaded")?.id;
  useEffect(() => {
    const asking = new AbortController();
    ask<ShownConfig>("config", asking.signal).then((found) => {
      setConfig(found);
      setTrouble(undefined);
    }, (error) => asking.signal.aborted || setTrouble(String(error)));
    return () => asking.abort();
  }, [last]);
  if (trouble !== undefined) return <p class="trouble" role="alert">Cannot read the config: {trouble}</p>;
  if (config === undefined) return <p class="plain">Reading the config…</p>;
  const { files, diff } = config;
  const shown = files.find(({ name }) => name === file) ?? files[0];
  return (
    <section>
      <h2>What the last change made of it</h2>
      {diff === ""
        ? <p class="plain">No other configuration came before this one.</p>
        : <Diff lines={diff.split("\n")} />}
      <h2>In use</h2>
      <form class="tools" onSubmit={(event) => event.preventDefault()}>
        <label>
          File
          <select value={shown?.name} onChange={(event) => setFile(event.currentTarget.value)}>
            {files.map(({ name }) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <p class="soft">Secrets are shown as …</p>
      </form>
      <pre tabIndex={0} aria-label={shown?.name}>{shown?.text}</pre>
    </section>
  );
}

const KINDS: Readonly<Record<string, string>> = { "+": "come", "-": "gone", "@": "place" };

function Diff({ lines }: { lines: readonly string[] }) {
  return (
    <pre tabIndex={0} aria-label="Difference" class="diff">
      {lines.slice(0, MOST_LINES).map((line, at) => (
        <span key={at} class={/^(?:\+\+\+|---) /.test(line) ? "file" : KINDS[line[0] ?? ""]}>{`${line}\n`}</span>
      ))}
      {lines.length > MOST_LINES && `and ${lines.length - MOST_LINES} other lines`}
    </pre>
  );
}
