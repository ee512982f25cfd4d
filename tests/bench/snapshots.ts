/** Made-up containers, as `docker inspect` prints them. */

/** The JSON of so many containers, two a host; every fourth has INTERLOCK_DATA, every third a published port. */
export function inspectJson(count: number): string {
  return JSON.stringify(Array.from({ length: count }, (_, at) => container(at)));
}

function container(at: number) {
  const id = (at + 1).toString(16).padStart(12, "0").repeat(6).slice(0, 64);
  const data = { alias_domains: [`alias-${at >> 1}.example.com`], port: 8080, check: "httpchk GET /health" };
  const published = at % 3 === 0 ? [{ HostIp: "0.0.0.0", HostPort: `${20_000 + at % 40_000}` }] : null;
  return {
    Id: id,
    Name: `/service-${at >> 1}-${at & 1}`,
    Created: new Date(1_700_000_000_000 + at * 1_000).toISOString(),
    State: {
      Status: "running",
      Running: true,
      Paused: false,
      StartedAt: "2024-01-01T00:00:00.000000000Z",
      Pid: 1,
    },
    Config: {
      Hostname: `service-${at >> 1}.example.com`,
      Domainname: "",
      Env: ["PATH=/bin", ...(at % 4 < 2 ? [] : [`INTERLOCK_DATA=${JSON.stringify(data)}`])],
      Labels: { "com.docker.compose.project": "bench", "com.docker.compose.service": `service-${at >> 1}` },
      ExposedPorts: { "8080/tcp": {}, "9090/tcp": {} },
      Image: "service",
    },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: {
      Ports: { "8080/tcp": published, "9090/tcp": null },
      Networks: { bridge: { IPAddress: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}` } },
    },
  };
}
