/** Real containers for `scripts/dev demo --docker`, on the engine that DOCKER_HOST names, else on the usual one. */
import { cleanup, docker, startContainer, TINY } from "../tests/harness/engine.ts";
import type { Cast } from "./demo_stand_ins.ts";

const USUAL_ENGINE = "unix:///var/run/docker.sock";

/** Containers of one tiny image made from nothing; throws where no engine answers. */
export async function realContainers(): Promise<Cast> {
  const engine = Deno.env.get("DOCKER_HOST") ?? USUAL_ENGINE;
  // The harness talks to no engine but the one that it is told of, so that no test finds a person's own.
  Deno.env.set("SIGNALBOX_TEST_DOCKER", engine);
  await docker("version", "--format", "{{.Server.Version}}").catch(() => {
    throw new Error(
      `Cannot reach a Docker engine at ${engine}: start one, or name it in DOCKER_HOST, or leave --docker out.`,
    );
  });
  const hadImage = await docker("image", "inspect", TINY).then(() => true, () => false);
  const ids = new Map<string, string>();
  return {
    kind: "containers",
    flags: ["--docker-host", engine],
    hint: `Start one of your own:   docker run -d -P --hostname mine.demo.local -e NAME=mine ${TINY}`,
    async join(name, host) {
      ids.set(name, await startContainer({ env: { NAME: name }, flags: ["-P", "--hostname", host] }));
    },
    async leave(name) {
      await docker("stop", ids.get(name) ?? name);
    },
    async end() {
      await cleanup();
      // Fails where a person has started a container of it meanwhile, which is theirs to remove.
      if (!hadImage) await docker("image", "rm", TINY).catch(() => {});
    },
  };
}
