/// <reference lib="dom" />
import { useEffect, useRef, useState } from "preact/hooks";
import type { TriedRequest } from "../lib/core/status/page_answers.ts";
import { ask } from "./ask.tsx";
import type { Store } from "./store.tsx";

type Tried = {
  readonly url: string;
  readonly method: string;
  readonly from: string;
  readonly headers: string;
};

/** What would become of a request: which rule wins, which guards it meets and in which order, and who answers. */
export function Tester({ store }: { store: Store }) {
  const [first] = store.live.lists.routes.values();
  const [tried, setTried] = useState<Tried>();
  const [result, setResult] = useState<TriedRequest>();
  const last = store.live.events.at(-1)?.id;
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (tried === undefined) return;
    const asking = new AbortController();
    ask<TriedRequest>(`try?${new URLSearchParams(tried)}`, asking.signal).then(
      setResult,
      (error) => asking.signal.aborted || setResult({ trouble: String(error) }),
    );
    return () => asking.abort();
    // What happens may change the answer.
  }, [tried, last]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (form.current !== null) setTried(Object.fromEntries(new FormData(form.current)) as Tried);
  };
  return (
    <section>
      <form ref={form} class="tester" onSubmit={submit}>
        <label class="wide">
          Address
          <input
            name="url"
            required
            spellcheck={false}
            autocomplete="off"
            placeholder={`http://${first?.host ?? "www.example.com"}/`}
          />
        </label>
        <label>
          Method <input name="method" size={8} placeholder="GET" autocomplete="off" />
        </label>
        <label>
          Client's address <input name="from" size={16} placeholder="192.0.2.7" autocomplete="off" />
        </label>
        <label class="wide">
          Headers, one a line{" "}
          <textarea name="headers" rows={2} placeholder="X-Canary: yes" spellcheck={false} />
        </label>
        <button type="submit">Try</button>
      </form>
      <div role="status">{result !== undefined && <Result result={result} />}</div>
      <p class="soft">No request is sent: this is what the rules say. Passwords are not tried here.</p>
    </section>
  );
}

const OUTCOMES = { answers: "bad", depends: "depends", changes: "", passes: "good" } as const;

function Result({ result }: { result: TriedRequest }) {
  if ("trouble" in result) return <p class="trouble">{result.trouble}</p>;
  return (
    <>
      {result.ways.map(({ percent, route, steps, answer, containers }, at) => (
        <article key={at} class="way">
          {percent < 100 && <h2>{percent} of 100 such requests</h2>}
          {route !== undefined && <p>{route}</p>}
          <ol>
            {steps.map(({ outcome, words }) => (
              <li key={words}>
                <span class={OUTCOMES[outcome]}>{outcome}</span> {words}
              </li>
            ))}
          </ol>
          <p>
            <b>Answer:</b> {answer}
          </p>
          <ul>
            {containers.map(({ container, address, isReady, why }) => (
              <li key={address}>
                {container} at {address}:{" "}
                <span class={isReady ? "good" : "bad"}>
                  {isReady ? "gets traffic" : `gets no traffic: ${why ?? ""}`}
                </span>
              </li>
            ))}
          </ul>
        </article>
      ))}
    </>
  );
}
