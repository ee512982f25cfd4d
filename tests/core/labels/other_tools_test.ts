/** Words of other tools: who reads them, and the host and port that they name. */
import assert from "node:assert/strict";
import { otherToolOf } from "../../../lib/core/labels/other_tools.ts";
import { LABELS_OF_OTHERS } from "./labels_of_others.ts";

const told = (labels: Readonly<Record<string, string>>, ...env: unknown[]): string | undefined => {
  const found = otherToolOf(labels, env);
  return found && `${found.name} ${found.word} ${found.host}:${found.port}`;
};

Deno.test("each tool's words name its host and port, as its users write them", () => {
  const rule = "traefik.http.routers.web.rule";
  const port = "traefik.http.services.web.loadbalancer.server.port";
  assert.equal(told({ [port]: "8080", [rule]: "Host(`a.test`)" }), `Traefik ${rule} a.test:8080`);
  assert.equal(
    told({ [rule]: "PathPrefix(`/x`) && Host(`a.test`, `b.test`)" }),
    `Traefik ${rule} a.test:undefined`,
  );
  assert.equal(told({ [rule]: 'Host("a.test")' }), `Traefik ${rule} a.test:undefined`);
  assert.equal(told({ [rule]: "HostRegexp(`.+`)" }), `Traefik ${rule} undefined:undefined`);
  const caddy = {
    "caddy": "http://a.test:8080/x",
    "caddy.handle_path.0_reverse_proxy": "{{upstreams http 81}}",
  };
  assert.equal(told(caddy), "caddy-docker-proxy caddy a.test:81");
  assert.equal(
    told({}, "VIRTUAL_PORT=82", "VIRTUAL_HOST=a.test,b.test"),
    "nginx-proxy VIRTUAL_HOST a.test:82",
  );
  assert.equal(told({ "signalbox.host.1": "a.test" }), "another prefix signalbox.host.1 a.test:undefined");
  assert.equal(
    told({ "dev.interlock.api.port": "80" }),
    "another prefix dev.interlock.api.port undefined:80",
  );
});

Deno.test("of a variable that stands twice the last counts, as for the process", () => {
  assert.equal(
    told({}, "VIRTUAL_HOST=a.test", "VIRTUAL_HOST=b.test"),
    "nginx-proxy VIRTUAL_HOST b.test:undefined",
  );
});

Deno.test("nobody is told of labels that no such tool reads, nor of what is left out there, too", () => {
  const others = LABELS_OF_OTHERS.filter((label) => !/^(?:traefik|caddy)/.test(label));
  assert.equal(told(Object.fromEntries(others.map((label) => [label, "a.test"]))), undefined);
  assert.equal(
    told({ "traefik.enable": "false", "traefik.http.routers.a.rule": "Host(`a.test`)" }),
    undefined,
  );
  assert.equal(
    told({}, "VIRTUAL_HOSTS=a.test", "XVIRTUAL_HOST=a.test", "VIRTUAL_PORT=80", 5, null),
    undefined,
  );
});

Deno.test("a text that is no host names none, and of a long one its beginning is read", () => {
  const of = (text: string) => told({ "traefik.http.routers.a.rule": text })?.split(" ").at(-1);
  assert.equal(of("Host(`a.test\n    server evil`)"), "a.test:undefined");
  assert.equal(of("Host(`${X}`)"), "undefined:undefined");
  assert.equal(of(`${" ".repeat(2_000)}Host(\`a.test\`)`), "undefined:undefined");
});
