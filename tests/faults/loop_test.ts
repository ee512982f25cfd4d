/** A container that is reached where signalbox itself listens: a request to it would come back for ever. */
import assert from "node:assert/strict";
import { freePort } from "../harness/http.ts";
import { Machine } from "../../lib/machine.ts";
import { FaultStage } from "./stage.ts";

/** A container whose port is published at an address of this machine, or that uses the machine's network. */
function looping(host: string, digit: string, port: number, address?: string) {
  return {
    Id: digit.repeat(64),
    Name: `/${host.split(".")[0]}`,
    Created: "2024-05-01T10:00:00Z",
    State: { Status: "running", StartedAt: "2024-05-01T10:00:01Z" },
    Config: { Labels: { "interlock.hostname": host }, ExposedPorts: { [`${port}/tcp`]: {} } },
    HostConfig: { NetworkMode: address === undefined ? "host" : "bridge" },
    NetworkSettings: {
      Ports: address === undefined ? {} : { [`${port}/tcp`]: [{ HostIp: address, HostPort: `${port}` }] },
      Networks: {},
    },
  };
}

Deno.test("no request goes round through a listener of our own, whichever address leads there", async () => {
  await using stage = await FaultStage.open({ host: "good.local" });
  const admin = freePort();
  const snapshot = `${stage.folder}/snapshot.json`;
  const own = [...new Machine({ now: () => 0 }).addresses()].filter((address) => !address.startsWith("fe80"));
  const loops = [
    looping("hosted.local", "1", stage.port),
    looping("status.local", "2", admin),
    ...own.map((address, at) => looping(`own${at}.local`, String.fromCharCode(97 + at), stage.port, address)),
  ];
  await Deno.writeTextFile(
    snapshot,
    JSON.stringify([...JSON.parse(await Deno.readTextFile(snapshot)), ...loops]),
  );
  const program = stage.start(["--bind", "0.0.0.0", "--admin", `127.0.0.1:${admin}`]);
  await stage.answers("good.local");

  const hosts = loops.map(({ Config }) => Config.Labels["interlock.hostname"]);
  const answers = await Promise.all(hosts.map((host) => stage.get(host)));
  const ipv6 = own.flatMap((address, at) => address.includes(":") ? [`own${at}.local`] : []);
  for (const [at, { status }] of answers.entries()) {
    // A listener for IPv4 alone is not there by IPv6, where nobody answers.
    assert.equal(status, ipv6.includes(hosts[at] ?? "") ? 503 : 404, hosts[at]);
  }
  assert.equal((await stage.get("good.local")).status, 200);
  await stage.says(
    program,
    /hosted: does not serve hosted\.local: 127\.0\.0\.1:\d+ is where signalbox itself listens/,
  );
});
