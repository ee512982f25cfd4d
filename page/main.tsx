/// <reference lib="dom" />
import { render } from "preact";
import { App } from "./app.tsx";
import { Store } from "./store.tsx";

const place = document.getElementById("page");
if (place !== null) {
  place.textContent = "";
  render(<App store={new Store()} />, place);
}
