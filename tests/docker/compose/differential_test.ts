/** What docker-compose makes of files is what our reader makes of them, as far as routing is concerned. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { readProject } from "../../../lib/docker/compose/project.ts";

const hasCompose =
  (await new Deno.Command("sh", { args: ["-c", "command -v docker-compose"], stdout: "null" }).output())
    .success;

const FILES: Readonly<Record<string, string>> = {
  "a.yaml": `version: "3.9"
x-labels: &labels {interlock.port: "80", interlock.weight: "1"}
services:
  web:
    image: a
    hostname: \${HOST:-www.example.com}
    domainname: \${DOMAIN-none}
    labels: {<<: *labels, interlock.weight: "2"}
    environment: ['INTERLOCK_DATA={"a":"$$1"}', B=1]
    expose: ["80", "90"]
    ports: ["8080:80", "127.0.0.1:9090:90/udp", "3000-3002:3000-3002"]
    networks: [front]
  api:
    extends: {service: web}
    hostname: api.example.com
    labels: [interlock.weight=3, "interlock.empty="]
    environment: {INTERLOCK_DATA: "\${FROM_FILE}"}
networks: {front: }
`,
  "b.yaml": `version: "3.9"
services:
  web:
    labels: ["interlock.port=81"]
    environment: {B: "2", INTERLOCK_DATA: '{"b":"\${SHELL_SAYS:?}"}'}
    env_file: more.env
    expose: ["91"]
    ports: ["443:443"]
    networks: {back: }
  side:
    image: b
    env_file: [more.env]
    network_mode: service:web
networks: {back: {name: shared}}
`,
  ".env": "FROM_FILE=of the file # no more\nSHELL_SAYS=not this\n",
  "more.env": 'INTERLOCK_DATA={"of":"file"}\n',
};

type Config = {
  readonly services: Readonly<
    Record<string, {
      readonly hostname?: string;
      readonly domainname?: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly environment?: Readonly<Record<string, string>>;
      readonly expose?: readonly (string | number)[];
      readonly ports?: readonly {
        readonly target: number;
        readonly published?: number | string;
        readonly protocol?: string;
      }[];
      readonly networks?: Readonly<Record<string, unknown>>;
      readonly network_mode?: string;
    }>
  >;
};

Deno.test({
  name: "docker-compose config and our reader agree on labels, data, names, ports and networks",
  ignore: !hasCompose,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "signalbox-compose-" });
    try {
      for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(`${folder}/${name}`, text);
      const shell = { SHELL_SAYS: "this", DOMAIN: "" };
      const { code, stdout, stderr } = await new Deno.Command("docker-compose", {
        args: ["-p", "shop", "-f", "a.yaml", "-f", "b.yaml", "config"],
        cwd: folder,
        env: shell,
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const theirs = parse(new TextDecoder().decode(stdout)) as Config;
      const ours = await readProject({
        files: [`${folder}/a.yaml`, `${folder}/b.yaml`],
        envFiles: [],
        profiles: [],
        projectName: "shop",
        workingFolder: folder,
        env: (name) => (shell as Record<string, string>)[name],
        read: (path) => Deno.readTextFile(path),
      });
      assert.deepEqual(ours.mistakes, []);
      const sorted = (words: Iterable<string>) => [...words].sort();
      for (const service of ours.services) {
        const config = theirs.services[service.name];
        assert.ok(config !== undefined, service.name);
        assert.deepEqual(service.labels, config.labels ?? {}, service.name);
        assert.equal(
          service.interlockData,
          config.environment?.["INTERLOCK_DATA"]?.replaceAll("$$", "$"),
          service.name,
        );
        assert.deepEqual([service.hostname, service.domainname], [
          config.hostname ?? "",
          config.domainname ?? "",
        ]);
        assert.deepEqual(
          sorted(service.exposed.map((port) => port.replace("/tcp", ""))),
          sorted((config.expose ?? []).map(String)),
        );
        const targets = service.ports.map(({ target, published, protocol }) =>
          `${published}:${target}/${protocol}`
        );
        const theirPorts = (config.ports ?? []).map((port) =>
          typeof port === "string"
            ? String(port).replace(/^127\.0\.0\.1:/, "").replace(/(?<!\/\w+)$/, "/tcp")
            : `${port.published ?? ""}:${port.target}/${port.protocol ?? "tcp"}`
        );
        assert.deepEqual(expanded(targets), expanded(theirPorts), service.name);
        const names = service.networkMode.startsWith("service:") ? [] : service.networks;
        const known: Readonly<Record<string, string>> = { back: "shared" };
        assert.deepEqual(
          sorted(names),
          sorted(Object.keys(config.networks ?? {}).map((name) => known[name] ?? `shop_${name}`)),
        );
        assert.equal(
          config.network_mode ?? "",
          service.networkMode.startsWith("service:") ? service.networkMode : "",
        );
      }
      assert.deepEqual(sorted(ours.services.map(({ name }) => name)), sorted(Object.keys(theirs.services)));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** `3000-3001:3000-3001/tcp` as a port each, sorted. */
const expanded = (ports: readonly string[]): readonly string[] =>
  ports.flatMap((port) => {
    const [, from = "", to = "", target = "", end = "", protocol = ""] =
      /^(\d*)-?(\d*):(\d+)-?(\d*)\/(\w+)$/.exec(port) ?? [];
    if (to === "") return [`${from}:${target}/${protocol}`];
    const size = Number(end) - Number(target) + 1;
    return Array.from({ length: size }, (_, at) => `${Number(from) + at}:${Number(target) + at}/${protocol}`);
  }).sort();
