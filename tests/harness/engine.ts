/** Containers and networks on the engine of the live tests; each is removed by the file that made it. */
import { docker, engineFromEnv } from "./docker_cli.ts";
import { ensureImage, TINY, WITNESS } from "./images/build.ts";

export { docker, type Engine, engineFromEnv } from "./docker_cli.ts";
export { TINY, WITNESS } from "./images/build.ts";

/** A label that everything made here carries, its value another one in each test file. */
export const OWNER_LABEL = `signalbox-test=${crypto.randomUUID().slice(0, 8)}`;

/** A container to start; what is not said is as `docker run` has it. */
export interface ContainerRequest {
  /** TINY unless said. */
  readonly image?: typeof TINY | typeof WITNESS | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Further arguments of `docker run`, before the image: "-P", "--hostname", "app.local". */
  readonly flags?: readonly string[];
  /** Arguments after the image. */
  readonly args?: readonly string[];
}

/** Starts a container as `docker run -d` does, labelled as ours, and returns its full id. */
export async function startContainer(request: ContainerRequest = {}): Promise<string> {
  await ready(request.image);
  return await docker("run", "-d", ...describe(request));
}

/** Creates a container without starting it. */
export async function createContainer(request: ContainerRequest = {}): Promise<string> {
  await ready(request.image);
  return await docker("create", ...describe(request));
}

function describe(
  { image = TINY, env = {}, labels = {}, flags = [], args = [] }: ContainerRequest,
): string[] {
  const pairs = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  return [
    "--label",
    OWNER_LABEL,
    ...pairs("--env", env),
    ...pairs("--label", labels),
    ...flags,
    image,
    ...args,
  ];
}

/** Creates a network that `cleanup` removes again, and returns its name. */
export async function createNetwork(name: string, ...flags: string[]): Promise<string> {
  await docker("network", "create", "--label", OWNER_LABEL, ...flags, name);
  return name;
}

const built = new Map<string, Promise<void>>();

/** Builds an image once, before its first container. */
export async function ready(image: typeof TINY | typeof WITNESS = TINY): Promise<void> {
  const building = built.get(image) ?? ensureImage(image);
  built.set(image, building);
  await building;
}

/** The container's address in a network, its only one unless said. */
export async function addressOf(container: string, network?: string): Promise<string> {
  const networks = JSON.parse(
    await docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", container),
  ) as Record<
    string,
    { IPAddress: string }
  >;
  const found = network === undefined ? Object.values(networks)[0] : networks[network];
  if (!found?.IPAddress) {
    throw new Error(`Cannot find the address of container ${container}: it is in ${Object.keys(networks)}`);
  }
  return found.IPAddress;
}

/** The port of the host that a container's port was published on. */
export async function publishedPort(container: string, port: number): Promise<number> {
  const [first = ""] = (await docker("port", container, `${port}/tcp`)).split("\n");
  return Number(first.split(":").at(-1));
}

/** Removes the containers and networks of this test file, and nothing else. */
export async function cleanup(): Promise<void> {
  if (engineFromEnv().host === "") return;
  const words = (text: string) => text.split("\n").filter((word) => word !== "");
  const containers = words(await docker("ps", "-aq", "--filter", `label=${OWNER_LABEL}`));
  if (containers.length > 0) await docker("rm", "-f", "-v", ...containers);
  const networks = words(await docker("network", "ls", "-q", "--filter", `label=${OWNER_LABEL}`));
  if (networks.length > 0) await docker("network", "rm", ...networks);
}
