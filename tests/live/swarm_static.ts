/** The same updates behind signalbox and behind HAProxys with a fixed configuration, asked at the same time. */
import { join } from "node:path";
import { TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import type { Router, Stage } from "./stage.ts";
import { createService, hasTasks, updateService } from "./swarm_changes.ts";
import { type Asked, type Load, underLoad } from "./swarm_load.ts";
import type { SwarmNodeStage } from "./swarm_nodes.ts";

/** Where a HAProxy of a fixed configuration listens on its machine. */
const PORT = 18_090;
/** Where the tasks of the service with fixed addresses are, on each of their nodes. */
const FIXED = 18_080;

/** An application that takes 50 ms for an answer, and ends as soon as it is told to, whatever it answers just then. */
const ABRUPT = [
  "--init",
  "--entrypoint",
  `sh -c 'mkdir -p /www/cgi-bin; cd /www/cgi-bin; printf "#!/bin/sh\\nsleep 0.05; echo; echo $NAME" >index.cgi; chmod +x index.cgi; exec httpd -f -p 8080 -h /www'`,
];

/** The nodes that take tasks at fixed addresses are all managers. */
export type Beside = {
  readonly stage: Stage;
  readonly router: Router;
  readonly manager: SwarmNodeStage;
  readonly nodes: readonly SwarmNodeStage[];
};

/** How many requests failed behind each, of how many. */
export type Compared = {
  readonly what: string;
  readonly signalbox: string;
  readonly fixed: string;
};

/** Updates a service that stops first, at the addresses that a configuration names, and asks both HAProxys meanwhile. */
export async function compareAddresses({ stage, router, manager, nodes }: Beside): Promise<Compared> {
  const port = freePort();
  const lines = nodes.map(({ name, address }) => `  server ${name} ${address}:${FIXED}`);
  await runHaproxy(stage, [], port, "", lines);
  const host = "fixed.local";
  const published = `mode=host,target=8080,published=${FIXED}`;
  const flags = ["--mode", "global", "--publish", published, "--constraint", "node.role==manager", ...ABRUPT];
  await createService(manager, { name: "fixed", host, says: "old", flags });
  await hasTasks(manager, "fixed", nodes.length, "old");
  const loads = await bothUnderLoad(stage, router, { port }, host);
  await updateService(manager, "fixed", "new", "--update-order", "stop-first");
  await hasTasks(manager, "fixed", nodes.length, "new");
  return await endBoth("fixed addresses, stop-first", loads, manager, "fixed");
}

/** The same with names, by the Swarm's own name server, and an update that starts first. */
export async function compareNames({ stage, router, manager }: Beside): Promise<Compared> {
  await manager.docker(
    ..."network create --driver overlay --attachable --subnet 10.201.0.0/24 mesh".split(" "),
  );
  const host = "named.local";
  const on = "--replicas 3 --network mesh --endpoint-mode dnsrr --publish mode=host,target=8080";
  const flags = [...on.split(" "), ...ABRUPT];
  await createService(manager, { name: "named", host, says: "old", flags });
  await hasTasks(manager, "named", 3, "old");
  // A container of the network has its name server.
  await manager.docker("run", "-d", "--name", "proxy", "--network", "mesh", "-p", `${PORT}:${PORT}`, TINY);
  const pid = await manager.docker("inspect", "-f", "{{.State.Pid}}", "proxy");
  const inside = [...await manager.enter(), "nsenter", "-t", pid, "-n"];
  const names = [
    "resolvers docker",
    "  nameserver dns 127.0.0.11:53",
    "  hold valid 1s",
    "  hold obsolete 0s",
    "  timeout resolve 1s",
  ].join("\n");
  const template = "  server-template task 6 tasks.named:8080 resolvers docker init-addr none";
  await runHaproxy(stage, inside, PORT, names, [template]);
  const loads = await bothUnderLoad(stage, router, { port: PORT, address: manager.address }, host);
  await updateService(manager, "named", "new", "--update-order", "start-first");
  await hasTasks(manager, "named", 3, "new");
  const compared = await endBoth("names, start-first", loads, manager, "named");
  await manager.docker("rm", "-f", "proxy");
  return compared;
}

type Loads = { readonly signalbox: Load; readonly fixed: Load };

/** Asks both from the moment that each answers. */
async function bothUnderLoad(stage: Stage, router: Router, fixed: Asked, host: string): Promise<Loads> {
  await router.answers(host);
  await eventually(async () => (await httpGet({ ...fixed, host, limitMs: 3_000 })).status === 200, {
    what: "the HAProxy with a fixed configuration to answer",
  });
  return {
    signalbox: underLoad(router, host, stage),
    fixed: underLoad(fixed, host, stage),
  };
}

async function endBoth(
  what: string,
  { signalbox, fixed }: Loads,
  { docker }: SwarmNodeStage,
  service: string,
): Promise<Compared> {
  // Until the checks of the other one have found what is new.
  const asked = fixed.endings.length;
  await eventually(() => fixed.endings.length > asked + 100, { what: "requests" });
  await Promise.all([signalbox.end(), fixed.end()]);
  await docker("service", "rm", service);
  signalbox.check(what);
  return { what, signalbox: signalbox.told(), fixed: fixed.told() };
}

/** Starts HAProxy with a backend of these servers, in the namespaces that a command enters. */
async function runHaproxy(
  { folder, defer }: Stage,
  enter: readonly string[],
  port: number,
  sections: string,
  servers: readonly string[],
): Promise<void> {
  const path = join(folder, `fixed-${port}.cfg`);
  await Deno.writeTextFile(path, fixedConfig(port, sections, servers));
  const [command = "haproxy", ...args] = [...enter, "haproxy", "-db", "-f", path];
  const haproxy = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  defer(async () => {
    haproxy.kill("SIGTERM");
    await haproxy.status;
  });
}

/** As such files are written by hand: checks each second, another server where one does not take the connection. */
const fixedConfig = (port: number, sections: string, servers: readonly string[]) =>
  `defaults
  mode http
  timeout connect 500ms
  timeout client 60s
  timeout server 60s
  timeout check 500ms
  retries 3
  option redispatch 1
  default-server check inter 1s fall 2 rise 1
${sections}
listen all
  bind :${port}
${servers.join("\n")}
`;
