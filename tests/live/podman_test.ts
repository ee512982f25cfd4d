/** Podman by its Docker-compatible socket: it tells less than Docker, and its containers are routed as well. */
import assert from "node:assert/strict";
import { eventually } from "../harness/program.ts";
import { ownPodman, podmanIsMissing } from "./own_podman.ts";
import { TINY } from "../harness/engine.ts";
import { askWhile, live } from "./stage.ts";

const HOST = "pod.local";

if (podmanIsMissing !== undefined) console.error(`skipped: ${podmanIsMissing}`);

live("containers of Podman come, stop, restart, move and go, and nobody loses a request", async (stage) => {
  const { host, podman } = await ownPodman(stage);
  const run = (name: string) =>
    podman("run", "-d", "--name", name, "--hostname", HOST, "-e", `NAME=${name}`, TINY);
  await Promise.all([run("one"), run("two")]);
  const router = await stage.router({ engine: host });
  const served = async (...names: string[]) => {
    const seen: string[] = [];
    await eventually(async () => {
      const answers = await Promise.all(names.concat("more").map(() => router.get(HOST)));
      seen.push(...answers.map(({ body }) => body));
      const last = new Set(seen.slice(-8));
      return seen.length >= 8 && last.size === names.length && names.every((name) => last.has(name));
    }, { what: `answers of ${names.join(" and ")} alone` });
  };
  await served("one", "two");
  const acting = (async () => {
    // A signal that does not end it: Podman does not tell which one it was.
    await podman("kill", "-s", "HUP", "one");
    await served("one", "two");
    await podman("stop", "one");
    await served("two");
    await podman("start", "one");
    await served("one", "two");
    // It gets another address.
    await podman("restart", "two");
    await served("one", "two");
    await podman("network", "create", "other");
    await podman("network", "connect", "other", "one");
    await served("one", "two");
    await podman("rm", "-f", "-t", "1", "two");
    await served("one");
  })();
  const endings = await askWhile(() => router.get(HOST), acting);
  assert.deepEqual(endings.filter((ending) => ending !== 200), []);
  await podman("rm", "-f", "-t", "1", "one");
  await router.answers(HOST, 404);
}, { isIgnored: podmanIsMissing !== undefined });
