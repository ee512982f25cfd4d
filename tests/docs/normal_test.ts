import assert from "node:assert/strict";
import { normal } from "./normal.ts";

const place = { engine: "unix:///tmp/sbt.abc/docker.sock", folder: "/tmp/sbl-1" };

Deno.test("what is another one at each run makes no difference", () => {
  const lines = [
    ["hello (1fe5e2eb43bd)", "hello (94af165d7a43)"],
    ["at 172.17.0.2:8080", "at 10.0.0.7:8080"],
    ["pid 10557, up 5 s", "pid 7, up 12 s"],
    [
      "last reload: 2026-11-28T17:11:55.275Z, took 153 ms",
      "last reload: 2027-01-01T00:00:00.000Z, took 9 ms",
    ],
    [
      "containers: unix:///tmp/sbt.abc/docker.sock: connected",
      "containers: unix:///var/run/docker.sock: connected",
    ],
    ["/tmp/sbl-1/state can be written", "/run/signalbox can be written"],
    ["haproxy: 2.6.12-1+deb12u3", "haproxy: 3.0.11"],
  ];
  for (const [one = "", other = ""] of lines) assert.equal(normal(one, place), normal(other, place));
});

Deno.test("everything else does", () => {
  const lines = [
    ["routes: 1", "routes: 2"],
    ["  web.localhost: 3 ready", "  web.localhost: 2 ready"],
    ["308 https://secure.localhost/cart", "302 https://secure.localhost/cart"],
    ["at 172.17.0.2:8080", "at 172.17.0.2:9090"],
  ];
  for (const [one = "", other = ""] of lines) assert.notEqual(normal(one, place), normal(other, place));
});
