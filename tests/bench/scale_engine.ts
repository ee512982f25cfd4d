/**
 * An engine with thousands of containers that do not exist, a process of its own: it answers the calls of Docker's API that
 * signalbox makes, with as much text as a real one, and sends the events of 20.10 in their order. All containers are at
 * addresses of the loopback, where one server answers for them. Its arguments are the socket's path, how many containers it
 * has and how many share a host; orders come as lines of JSON on its standard input, each answered by a line with the moment
 * of its last event.
 */
import { now } from "./raw_http.ts";
import { addressOf, hostOf, idOf, networkOf, ORIGIN_PORT } from "./scale_names.ts";

/** What the engine is told to do: to start or stop containers by their numbers, spread over a time. */
export type EngineOrder = {
  readonly start?: readonly number[];
  readonly stop?: readonly number[];
  readonly overMs?: number;
};

const [path = "", count = "0", share = "5"] = Deno.args;
const PER_HOST = Number(share);
/** How long after its beginning each event of a start or a stop comes, in milliseconds (measured on 20.10). */
const START_MS = { create: 0, connect: 20, start: 240 };
const STOP_MS = { kill: 0, die: 37, disconnect: 75, stop: 81, destroy: 90 };

const states = new Map<number, "created" | "running" | "exited">();
for (let at = 0; at < Number(count); at++) states.set(at, "running");
const numbers = new Map<string, number>();
for (const at of states.keys()) numbers.set(idOf(at), at);
const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
const encoder = new TextEncoder();

const filler = Array.from(
  { length: 24 },
  (_, at) => [`/proc/filler-${at}`, `a path that is masked or read-only ${at}`],
);

function labelsOf(at: number) {
  const project = hostOf(at, PER_HOST).split(".")[0];
  return {
    "com.docker.compose.config-hash": "8a1d3b5f7c9e0a2b4d6f8a1c3e5d7f90b2c4e6a8",
    "com.docker.compose.container-number": `${at % PER_HOST + 1}`,
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.project": project,
    "com.docker.compose.project.config_files": `/srv/${project}/compose.yaml`,
    "com.docker.compose.project.working_dir": `/srv/${project}`,
    "com.docker.compose.service": "web",
    "com.docker.compose.version": "2.27.0",
    "interlock.hostname": hostOf(at, PER_HOST),
  };
}

function attachmentOf(at: number) {
  const isOn = states.get(at) === "running";
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: ["web", idOf(at).slice(0, 12)],
    NetworkID: networkOf(at, PER_HOST),
    EndpointID: isOn ? idOf(at) : "",
    Gateway: "",
    IPAddress: isOn ? addressOf(at) : "",
    IPPrefixLen: 16,
    GlobalIPv6Address: "",
    MacAddress: "",
    DriverOpts: null,
  };
}

const nameOf = (at: number) => `/host-${Math.floor(at / PER_HOST)}-web-${at % PER_HOST + 1}`;
const createdAt = (at: number) => 1_700_000_000 + at;

function inspect(at: number) {
  const status = states.get(at) ?? "exited";
  const moment = new Date(createdAt(at) * 1_000).toISOString();
  return {
    Id: idOf(at),
    Created: moment,
    Path: "/docker-entrypoint.sh",
    Args: ["nginx", "-g", "daemon off;"],
    State: {
      Status: status,
      Running: status === "running",
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: status === "running" ? 1_000 + at : 0,
      ExitCode: 0,
      Error: "",
      StartedAt: moment,
      FinishedAt: "0001-01-01T00:00:00Z",
    },
    Image: `sha256:${idOf(at)}`,
    Name: nameOf(at),
    RestartCount: 0,
    Driver: "overlay2",
    Platform: "linux",
    HostConfig: {
      Binds: [`/srv/data-${at}:/data:rw`],
      NetworkMode: networkOf(at, PER_HOST),
      PortBindings: {},
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
      LogConfig: { Type: "json-file", Config: { "max-file": "3", "max-size": "10m" } },
      Runtime: "runc",
      Ulimits: [{ Name: "nofile", Hard: 65_536, Soft: 65_536 }],
      MaskedPaths: filler.map(([each]) => each),
      ReadonlyPaths: filler.map(([, each]) => each),
    },
    GraphDriver: {
      Name: "overlay2",
      Data: {
        LowerDir: Array.from({ length: 8 }, (_, layer) => `/var/lib/docker/overlay2/${idOf(at + layer)}/diff`)
          .join(":"),
        MergedDir: `/var/lib/docker/overlay2/${idOf(at)}/merged`,
      },
    },
    Mounts: [{ Type: "bind", Source: `/srv/data-${at}`, Destination: "/data", Mode: "rw", RW: true }],
    Config: {
      Hostname: idOf(at).slice(0, 12),
      Domainname: "",
      User: "",
      ExposedPorts: { [`${ORIGIN_PORT}/tcp`]: {} },
      Env: Object.entries(Object.fromEntries(filler)).map(([name, value]) =>
        `${name.toUpperCase()}=${value}`
      ),
      Cmd: ["nginx", "-g", "daemon off;"],
      Image: "registry.example.com/team/web:1.2.3",
      Labels: labelsOf(at),
      StopSignal: "SIGTERM",
    },
    NetworkSettings: {
      Ports: status === "running" ? { [`${ORIGIN_PORT}/tcp`]: null } : {},
      Networks: { [`host-${Math.floor(at / PER_HOST)}_default`]: attachmentOf(at) },
    },
  };
}

const listed = (at: number) => ({
  Id: idOf(at),
  Names: [nameOf(at)],
  Image: "registry.example.com/team/web:1.2.3",
  ImageID: `sha256:${idOf(at)}`,
  Command: "/docker-entrypoint.sh nginx -g 'daemon off;'",
  Created: createdAt(at),
  Ports: [{ PrivatePort: ORIGIN_PORT, Type: "tcp" }],
  Labels: labelsOf(at),
  State: "running",
  Status: "Up 2 hours",
  HostConfig: { NetworkMode: networkOf(at, PER_HOST) },
  NetworkSettings: { Networks: { [`host-${Math.floor(at / PER_HOST)}_default`]: attachmentOf(at) } },
  Mounts: [],
});

function listContainers(query: URLSearchParams): Response {
  const { id, status } = JSON.parse(query.get("filters") ?? "{}") as { id?: string[]; status?: string[] };
  const all = id === undefined ? [...states.keys()] : id.flatMap((each) => numbers.get(each) ?? []);
  const isWanted = (at: number) => {
    const state = states.get(at);
    return status === undefined ? state === "running" : status.includes(state ?? "");
  };
  return Response.json(all.filter(isWanted).map(listed));
}

function network(id: string): Response {
  const of = [...states.keys()].filter((at) => networkOf(at, PER_HOST) === id);
  const [first = 0] = of;
  return Response.json({
    Name: `host-${Math.floor(first / PER_HOST)}_default`,
    Id: id,
    Containers: Object.fromEntries(
      of.filter((at) => states.get(at) === "running").map((at) => [
        idOf(at),
        {
          Name: nameOf(at).slice(1),
          EndpointID: idOf(at),
          MacAddress: "",
          IPv4Address: `${addressOf(at)}/16`,
          IPv6Address: "",
        },
      ]),
    ),
  });
}

function follow(): Response {
  let own: ReadableStreamDefaultController<Uint8Array>;
  return new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        streams.add(controller);
        controller.enqueue(encoder.encode("\n"));
      },
      cancel: () => void streams.delete(own),
    }),
  );
}

function answer(request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  const what = pathname.replace(/^\/v[0-9.]+/, "");
  if (what === "/version") {
    return Response.json({
      Version: "20.10.24",
      ApiVersion: "1.41",
      MinAPIVersion: "1.12",
      Components: [{ Name: "Engine" }],
    });
  }
  if (what === "/_ping") return new Response("OK");
  if (what === "/info") return Response.json({ Swarm: { LocalNodeState: "inactive", NodeID: "" } });
  if (what === "/events") return searchParams.has("until") ? new Response("") : follow();
  if (what === "/containers/json") return listContainers(searchParams);
  const [, kind, id = ""] = /^\/(containers|networks)\/([0-9a-f]+)/.exec(what) ?? [];
  if (kind === "networks") return network(id);
  const at = numbers.get(id);
  return at === undefined || !states.has(at)
    ? Response.json({ message: `No such container: ${id}` }, { status: 404 })
    : Response.json(inspect(at));
}

function send(at: number, action: string): void {
  const moment = now();
  const isOfNetwork = action === "connect" || action === "disconnect";
  const event = {
    Type: isOfNetwork ? "network" : "container",
    Action: action,
    Actor: isOfNetwork
      ? {
        ID: networkOf(at, PER_HOST),
        Attributes: { container: idOf(at), name: `host_default`, type: "bridge" },
      }
      : {
        ID: idOf(at),
        Attributes: { ...labelsOf(at), name: nameOf(at).slice(1), ...action === "kill" && { signal: "15" } },
      },
    scope: "local",
    time: Math.floor(moment / 1_000),
    timeNano: Math.round(moment * 1e6),
  };
  const bytes = encoder.encode(`${JSON.stringify(event)}\n`);
  for (const stream of streams) stream.enqueue(bytes);
}

function act(at: number, action: string): void {
  if (action === "create") {
    numbers.set(idOf(at), at);
    states.set(at, "created");
  }
  // The network has its address before it runs, as Docker's have.
  if (action === "connect") states.set(at, "running");
  if (action === "die") states.set(at, "exited");
  if (action === "destroy") states.delete(at);
  send(at, action);
}

/** Does what an order says, and answers with the moment of the last event. */
async function obey({ start = [], stop = [], overMs = 0 }: EngineOrder): Promise<number> {
  const steps: [atMs: number, container: number, action: string][] = [];
  for (const [containers, times] of [[start, START_MS], [stop, STOP_MS]] as const) {
    for (const [place, at] of containers.entries()) {
      const from = containers.length < 2 ? 0 : overMs * place / (containers.length - 1);
      for (const [action, afterMs] of Object.entries(times)) steps.push([from + afterMs, at, action]);
    }
  }
  steps.sort(([a], [b]) => a - b);
  const began = now();
  for (const [atMs, at, action] of steps) {
    const waitMs = began + atMs - now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    act(at, action);
  }
  return now();
}

Deno.serve({ path, onListen: () => console.log("listening") }, answer);
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) console.log(JSON.stringify(await obey(JSON.parse(line))));
}
Deno.exit(0);
