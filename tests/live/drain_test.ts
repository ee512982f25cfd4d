/** Containers that stop, with clients that stay at their container by a cookie. */
import assert from "node:assert/strict";
import { docker, startContainer } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { live, type Router } from "./stage.ts";

const HOST = "stay.local";
/** The first process of a container ignores SIGTERM unless it asks for it: this one answers until it is killed. */
const SERVE = 'mkdir -p /www; printf %s "$NAME" >/www/index.html; exec httpd -f -p 8080 -h /www';

const start = (name: string): Promise<string> =>
  startContainer({
    env: { NAME: name },
    labels: { "interlock.sticky_session_cookie": "SERVER", "interlock.drain": "1h" },
    flags: ["--hostname", HOST, "--expose", "8080", "--entrypoint", "sh"],
    args: ["-c", SERVE],
  });

const ask = (router: Router, cookie?: string) =>
  router.get(HOST, "/", cookie === undefined ? {} : { headers: { cookie } });

/** The cookie of a new client that came to a container. */
const cookieFor = (router: Router, name: string): Promise<string> =>
  eventually(async () => {
    const { body, headers } = await ask(router);
    return body === name ? headers["set-cookie"]?.split(";")[0] : undefined;
  }, { what: `a client at ${name}` });

live(
  "a container that stops keeps its sticky clients until it ends, gets no others, and no request fails",
  async (stage) => {
    const router = await stage.router();
    const ending = await start("a");
    await start("b");
    const cookie = await cookieFor(router, "a");
    await cookieFor(router, "b");
    let isOver = false;
    const stopping = docker("stop", "-t", "6", ending).finally(() => isOver = true);
    await eventually(async () => / 8 1 1 /.test(await router.ask("show servers state")), {
      what: "HAProxy to drain the server",
    });
    for (let times = 0; times < 5; times++) {
      assert.equal((await ask(router, cookie)).body, "a");
      assert.equal((await ask(router)).body, "b");
    }
    const statuses = new Set<number>();
    while (!isOver) statuses.add((await ask(router, cookie)).status);
    await stopping;
    const { status, body } = await ask(router, cookie);
    assert.deepEqual([[...statuses], status, body], [[200], 200, "b"]);
  },
);
