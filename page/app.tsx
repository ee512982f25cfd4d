/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";
import { Certificates } from "./certificates.tsx";
import { Changes } from "./changes.tsx";
import { Config } from "./config.tsx";
import { Header } from "./header.tsx";
import { NotServed, unservedCount } from "./not_served.tsx";
import { Routes } from "./routes.tsx";
import { type Store, useStore } from "./store.tsx";
import { Tester } from "./tester.tsx";

/** The views, by the part of the address behind the `#`. */
const VIEWS = {
  routes: { title: "Routes", View: Routes },
  changes: { title: "Changes", View: Changes },
  "not-served": { title: "Not served", View: NotServed },
  certificates: { title: "Certificates", View: Certificates },
  config: { title: "Config", View: Config },
  try: { title: "Try a request", View: Tester },
} as const;
type ViewName = keyof typeof VIEWS;

const viewNow = (): ViewName => {
  const name = location.hash.slice(1).split("/")[0] ?? "";
  return Object.hasOwn(VIEWS, name) ? name as ViewName : "routes";
};

/** The whole page. */
export function App({ store }: { store: Store }) {
  useStore(store);
  const [name, setName] = useState(viewNow);
  useEffect(() => {
    const turn = () => {
      setName(viewNow());
      scrollTo(0, 0);
    };
    addEventListener("hashchange", turn);
    return () => removeEventListener("hashchange", turn);
  }, []);
  const { title, View } = VIEWS[name];
  useEffect(() => {
    document.title = `${title} · signalbox`;
  }, [title]);
  // The first rows are those of one view.
  const isThere = store.live.hasPicture || (name === "routes" && store.live.routesToCome !== undefined);
  const unserved = unservedCount(store.live);
  return (
    <>
      <a class="skip" href="#main" onClick={toMain}>Skip to the content</a>
      <Header store={store} />
      <nav aria-label="Views">
        {(Object.keys(VIEWS) as ViewName[]).map((each) => (
          <a key={each} href={`#${each}`} aria-current={each === name ? "page" : undefined}>
            {VIEWS[each].title}
            {each === "not-served" && unserved > 0 && <span class="count">{unserved}</span>}
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <h1 class="hidden">{title}</h1>
        {isThere ? <View store={store} /> : <p class="plain">Waiting for signalbox…</p>}
      </main>
    </>
  );
}

/** The address keeps its view: a skip is no turn to another one. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
