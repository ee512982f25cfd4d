/** A reload that somebody asked for is lost by nothing: it is done, or asked for, or owed. */
import assert from "node:assert/strict";
import { LOAD_REQUEST, type LoadEvent, type LoadState } from "../../../lib/core/policy/load_request.ts";

const after = (...events: readonly LoadEvent[]): LoadState =>
  events.reduce<LoadState>((state, event) => LOAD_REQUEST[state][event], "none");

Deno.test("a reload that was asked for is done once", () => {
  assert.equal(after("ask", "begin", "done"), "none");
  assert.equal(after("ask", "ask", "begin", "done"), "none");
});

Deno.test("one that is asked for while another is under way is done after it, however that ends", () => {
  for (const end of ["done", "refuse", "fail"] as const) {
    assert.equal(after("begin", "ask", end), "asked", end);
    assert.equal(after("ask", "begin", "ask", end), "asked", end);
  }
});

Deno.test("one that failed is asked for again; one that was refused is owed until something may be mended", () => {
  assert.equal(after("ask", "begin", "fail"), "asked");
  assert.equal(after("ask", "begin", "refuse"), "owed");
  assert.equal(after("ask", "begin", "refuse", "retry"), "asked");
  assert.equal(after("ask", "begin", "refuse", "ask"), "asked");
});

Deno.test("one that is owed is done by the next reload that succeeds, and owed on where that is refused too", () => {
  const owed = ["ask", "begin", "refuse", "begin"] as const;
  assert.equal(after(...owed, "done"), "none");
  assert.equal(after(...owed, "refuse"), "owed");
  assert.equal(after(...owed, "fail"), "asked");
});

Deno.test("files that were refused without a request are tried again only when something may be mended", () => {
  assert.equal(after("begin", "refuse"), "refused");
  assert.equal(after("begin", "refuse", "retry"), "none");
  assert.equal(after("begin", "refuse", "begin", "done"), "none");
});

Deno.test("no request is lost, whatever happens in whichever order", () => {
  const asking: readonly LoadState[] = ["asked", "loading-asked", "loading-asked-again", "owed"];
  for (const state of asking) {
    for (const [event, next] of Object.entries(LOAD_REQUEST[state])) {
      const isDone = state === "loading-asked" && event === "done";
      assert.ok(asking.includes(next) || isDone, `${state} after ${event} is ${next}`);
    }
  }
});
