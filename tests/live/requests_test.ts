/** What a container hears of its clients, and connections that live long. */
import assert from "node:assert/strict";
import { startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { makeCertificate } from "./certificates.ts";
import { askWhile, live, type Router, says } from "./stage.ts";

const LIES = {
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-proto": "gopher",
  "x-forwarded-port": "70",
  "x-forwarded-host": "elsewhere.example",
  "x-forwarded-prefix": "/elsewhere",
  "forwarded": "for=203.0.113.7",
};

live(
  "X-Forwarded-For, -Proto and -Port are set, and not believed when a client sends them",
  async (stage) => {
    const certificate = await makeCertificate(stage.folder, "heard.local");
    const router = await stage.router({ flags: ["--tls-cert", certificate.path] });
    await startContainer({
      image: WITNESS,
      env: { NAME: "heard" },
      flags: ["-P", "--hostname", "heard.local"],
    });
    await router.answers("heard.local");
    const heard = async (port: number, tls: boolean, headers: Record<string, string>) => {
      const { body } = await router.get("heard.local", "/headers", { port, tls, headers });
      const all = (JSON.parse(body) as { headers: Record<string, string> }).headers;
      const names = ["host", ...Object.keys(LIES)];
      return Object.fromEntries(
        names.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]),
      );
    };
    for (const headers of [{}, LIES]) {
      const common = {
        host: "heard.local",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": "heard.local",
      };
      assert.deepEqual(await heard(router.port, false, headers), {
        ...common,
        "x-forwarded-proto": "http",
        "x-forwarded-port": `${router.port}`,
      });
      assert.deepEqual(await heard(router.httpsPort, true, headers), {
        ...common,
        "x-forwarded-proto": "https",
        "x-forwarded-port": `${router.httpsPort}`,
      });
    }
  },
);

/** Opens a WebSocket to localhost through the router, past the greeting that the witness sends. */
async function openSocket(router: Router, defer: (end: () => unknown) => void) {
  const socket = new WebSocket(`ws://localhost:${router.port}/ws`);
  const heard: string[] = [];
  let closed = false;
  socket.onmessage = ({ data }) => void heard.push(String(data));
  const ended = new Promise<void>((resolve) => socket.onclose = () => resolve(void (closed = true)));
  defer(async () => {
    socket.close();
    await ended;
  });
  const hears = (text: string) =>
    eventually(() => heard.includes(text), {
      what: `the socket to say ${text}, it said ${heard}`,
    });
  await hears("talker");
  return { socket, hears, isClosed: () => closed };
}

live("a WebSocket works, and lives on while HAProxy is reloaded", async (stage) => {
  const router = await stage.router();
  const { env } = says({ hostname: "localhost" });
  await startContainer({ image: WITNESS, env: { ...env, NAME: "talker" }, flags: ["-P"] });
  await router.answers("localhost");
  const { socket, hears, isClosed } = await openSocket(router, stage.defer);
  socket.send("before");
  await hears("before");
  const worker = async () => /^Pid: (\d+)/m.exec(await router.ask("show info"))?.[1];
  const before = await worker();
  router.program.kill("SIGHUP");
  await eventually(async () => await worker() !== before, { what: "another worker" });
  await router.answers("localhost");
  socket.send("after");
  await hears("after");
  assert.ok(!isClosed());
});

live("a long answer is finished by the worker that began it, while containers come and go", async (stage) => {
  const router = await stage.router();
  await startContainer({ image: WITNESS, env: { NAME: "slow" }, flags: ["-P", "--hostname", "slow.local"] });
  await router.answers("slow.local");
  const answer = router.get("slow.local", "/slow?ms=2000");
  const endings = await askWhile(() => router.get("slow.local"), async () => {
    await startContainer({ flags: ["-P", "--hostname", "meanwhile.local"] });
    await router.answers("meanwhile.local");
    router.program.kill("SIGHUP");
    assert.equal((await answer).status, 200);
  });
  assert.deepEqual([...new Set(endings)], [200]);
});
