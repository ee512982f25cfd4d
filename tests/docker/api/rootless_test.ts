/** Whether an engine runs without root: what it says of itself. */
import assert from "node:assert/strict";
import { askRootless } from "../../../lib/docker/api/rootless.ts";
import { systemClock } from "../../../lib/clock.ts";
import { FakeEngine } from "../fake_engine.ts";

const told = async (info: () => Response, name?: string) => {
  await using fake = await FakeEngine.start(name === undefined ? {} : { name });
  fake.answer = (path) => path === "/info" ? info() : undefined;
  return await askRootless(fake.transport, systemClock, AbortSignal.timeout(10_000));
};

const OPTIONS = ["name=seccomp,profile=default", "name=rootless"];

Deno.test("an engine without root says so: Docker among its security options, Podman in a field of its own", async () => {
  assert.equal(await told(() => Response.json({ SecurityOptions: OPTIONS })), "docker");
  assert.equal(await told(() => Response.json({ Rootless: true }), "Podman Engine"), "podman");
  assert.equal(await told(() => Response.json({ SecurityOptions: OPTIONS.slice(0, 1) })), undefined);
});

Deno.test("an engine that does not say so has root: an old one, one behind a filter, one that fails", async () => {
  const answers = [
    () => Response.json({ SecurityOptions: null }),
    () => Response.json({ message: "forbidden" }, { status: 403 }),
    () => Response.json({ message: "broken" }, { status: 500 }),
  ];
  for (const answer of answers) assert.equal(await told(answer), undefined);
});
