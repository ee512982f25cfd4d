/**
 * The baseline: a generator as most are. On each event it lists the containers, renders one file, and starts an
 * haproxy that takes over with -sf. Arguments: DOCKER_HOST, folder, port.
 */
const [dockerHost = "", folder = "", port = ""] = Deno.args;
const client = Deno.createHttpClient({
  proxy: { transport: "unix", path: dockerHost.slice("unix://".length) },
});
const api = (path: string) => fetch(`http://docker/v1.41${path}`, { client });
const log = (msg: string, event?: string) =>
  console.error(JSON.stringify({ time: new Date().toISOString(), event, msg }));

type Inspected = {
  readonly Name: string;
  readonly State: { readonly Running: boolean };
  readonly Config: { readonly Hostname: string };
  readonly NetworkSettings: { readonly Networks: Record<string, { readonly IPAddress: string }> };
};

const running = new Set<Deno.ChildProcess>();
let generation = 0;
let last: Deno.ChildProcess | undefined;
let isBusy = false;
let isDue = false;
let isForced = false;
let before = "";

async function inspectAll(): Promise<Inspected[]> {
  const listed = await (await api("/containers/json")).json() as { Id: string }[];
  const inspected = await Promise.all(listed.map(async ({ Id: id }) => {
    const response = await api(`/containers/${id}/json`);
    return response.ok ? await response.json() as Inspected : void await response.body?.cancel();
  }));
  return inspected.filter((each) => each !== undefined && each.State.Running) as Inspected[];
}

function render(containers: readonly Inspected[]): string {
  const hosts = new Map<string, string[]>();
  for (
    const { Name: name, Config: { Hostname: host }, NetworkSettings: { Networks: networks } } of containers
  ) {
    const address = Object.values(networks)[0]?.IPAddress;
    if (!host.includes(".") || !address) continue;
    hosts.set(host, [
      ...hosts.get(host) ?? [],
      `    server ${name.slice(1)} ${address}:8080 check inter 5000`,
    ]);
  }
  const names = [...hosts.keys()].sort();
  return [
    "defaults",
    "    mode http",
    "    timeout connect 5s",
    "    timeout client 10s",
    "    timeout server 10s",
    "    option redispatch",
    "    retries 3",
    "frontend web",
    `    bind :${port}`,
    "    monitor-uri /haproxy?monitor",
    ...names.map((host) => `    use_backend ${host} if { hdr(host) -i ${host} }`),
    ...names.flatMap((
      host,
    ) => [`backend ${host}`, "    balance roundrobin", ...(hosts.get(host) ?? []).sort()]),
    "",
  ].join("\n");
}

async function isListening(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

async function reload(text: string): Promise<void> {
  const number = ++generation;
  const [path, socket] = [`${folder}/${number}.cfg`, `${folder}/${number}.sock`];
  await Deno.writeTextFile(path, `global\n    stats socket ${socket}\n    maxconn 2048\n${text}`);
  const check = await new Deno.Command("haproxy", {
    args: ["-c", "-f", path],
    stdout: "null",
    stderr: "null",
  })
    .output();
  if (!check.success) return log("the config is wrong");
  const args = ["-db", "-f", path, ...(last === undefined ? [] : ["-sf", `${last.pid}`])];
  const child = new Deno.Command("haproxy", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  running.add(child);
  void child.status.then(() => running.delete(child));
  last = child;
  while (running.has(child) && !await isListening(socket)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  log("reloaded HAProxy", "reloaded");
}

async function update(): Promise<void> {
  isDue = true;
  if (isBusy) return;
  isBusy = true;
  while (isDue) {
    isDue = false;
    const forced = isForced;
    isForced = false;
    const text = render(await inspectAll());
    if (text !== before || forced) await reload(text);
    before = text;
  }
  isBusy = false;
}

function end(): void {
  for (const child of running) child.kill("SIGKILL");
  Deno.exit(0);
}

Deno.addSignalListener("SIGTERM", end);
Deno.addSignalListener("SIGINT", end);
Deno.addSignalListener("SIGHUP", () => {
  isForced = true;
  void update();
});
const events = await api(`/events?filters=${encodeURIComponent('{"type":["container"]}')}`);
await update();
for await (const _ of events.body ?? []) void update();
