/** The stacks of examples/swarm: signalbox in a container on each manager, and a service that it routes. */
import { join } from "node:path";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { importImage, place } from "../harness/images/parts.ts";
import { placeDebian } from "../harness/images/public.ts";
import { TINY } from "../harness/engine.ts";
import type { Stage } from "./stage.ts";
import type { SwarmNodeStage } from "./swarm_nodes.ts";

const EXAMPLES = new URL("../../examples/swarm/", import.meta.url);
const HOST = "shop.example.com";

/** Whether there is the binary to put into an image. */
export const hasBinary = Deno.env.get("SIGNALBOX_BIN") !== undefined;

/** Puts the binary that is tested into an image on a machine, as its users would build one. */
export async function importSignalbox({ docker }: SwarmNodeStage): Promise<void> {
  const binary = Deno.env.get("SIGNALBOX_BIN") ?? "";
  const changes = [
    'ENTRYPOINT ["signalbox"]',
    'CMD ["run"]',
    "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  ];
  await importImage("signalbox", changes, async (root) => {
    await placeDebian(root);
    await place(binary, join(root, "usr/local/bin/signalbox"));
  }, docker);
}

/** Deploys signalbox as its page says, on all managers that have the image. */
export async function deployEdge(
  { folder }: Stage,
  manager: SwarmNodeStage,
  change: (text: string) => string = (text) => text,
): Promise<void> {
  const key = join(folder, "cookie-key");
  await Deno.writeTextFile(key, `${"0123456789abcdef".repeat(4)}\n`);
  await manager.docker("network", "create", "--driver", "overlay", "--subnet", "10.200.0.0/16", "web");
  await manager.docker("secret", "create", "signalbox-cookie-key", key);
  await deploy(folder, manager, "edge", change);
}

/** Deploys both as their pages say, by a manager, until both tasks of the service have answered at its port 80. */
export async function deployExamples(stage: Stage, manager: SwarmNodeStage): Promise<void> {
  await importSignalbox(manager);
  await deployEdge(stage, manager);
  // Its image is one of these machines', and tells which of the tasks it is.
  const app = `    image: ${TINY}\n    environment:\n      NAME: "{{.Task.Slot}}"\n`;
  await deploy(stage.folder, manager, "shop", (text) => text.replace(/^ {4}image: .*\n/m, app));
  const answered = new Set<string>();
  await eventually(async () => {
    const { status, body } = await httpGet({
      port: 80,
      address: manager.address,
      host: HOST,
      limitMs: 3_000,
    });
    if (status !== 200) throw new Error(`it answers ${status}`);
    answered.add(body.trim());
    return answered.size === 2;
  }, { what: `${HOST} to answer by both tasks`, limitMs: 120_000 }).catch(async (error) => {
    const tasks = await manager.docker("service", "ps", "--no-trunc", "edge_signalbox", "shop_web");
    throw new Error(`${error}\n${tasks}\n${await manager.docker("service", "logs", "edge_signalbox")}`);
  });
  await manager.docker("stack", "rm", "shop", "edge");
}

async function deploy(
  folder: string,
  manager: SwarmNodeStage,
  stack: string,
  change: (text: string) => string,
): Promise<void> {
  const name = stack === "edge" ? "stack.yaml" : "app.yaml";
  const path = join(folder, name);
  await Deno.writeTextFile(path, change(await Deno.readTextFile(new URL(name, EXAMPLES))));
  await manager.docker("stack", "deploy", "--resolve-image", "never", "-c", path, stack);
}
