/** What docker-compose makes of files is what our reader makes of them, as far as routing is concerned. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import type { ComposeService } from "../../../lib/docker/compose/service.ts";
import { readProject } from "../../../lib/docker/compose/project.ts";

const hasCompose =
  (await new Deno.Command("sh", { args: ["-c", "command -v docker-compose"], stdout: "null" }).output())
    .success;

/** A project: its files, what it is read with, and the names that its networks have. */
type Example = {
  readonly files: Readonly<Record<string, string>>;
  readonly compose: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly envFile?: string;
  readonly profiles?: readonly string[];
  /** Those that run with these profiles (compose-spec, profiles): docker-compose 1.29 prints all. */
  readonly services?: readonly string[];
  readonly networks?: Readonly<Record<string, string>>;
};

const EXAMPLES: Readonly<Record<string, Example>> = {
  "two files, with anchors, services that extend, files of variables and the shell": {
    compose: ["a.yaml", "b.yaml"],
    env: { SHELL_SAYS: "this", DOMAIN: "" },
    networks: { back: "shared" },
    files: {
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
    },
  },
  "three files over one another: lists over objects, objects over lists, and what is empty": {
    compose: ["one.yaml", "two.yaml", "three.yaml"],
    files: {
      "one.yaml": `version: "3.9"
services:
  web:
    image: a
    labels: [interlock.hostname=one.example.com, interlock.port=80, interlock.ssl_only]
    environment: [INTERLOCK_DATA=one, LEFT]
    expose: ["80"]
  gone: {image: b, labels: {interlock.hostname: gone.example.com}}
`,
      "two.yaml": `version: "3.9"
services:
  web:
    labels: {interlock.hostname: two.example.com, interlock.weight: 5}
    environment: {INTERLOCK_DATA: two}
  late: {image: c, hostname: late, labels: [interlock.context_root=/late]}
`,
      "three.yaml": `version: "3.9"
services:
  web:
    labels: ["interlock.port=", "interlock.context_root=/$$x"]
    domainname: example.com
  gone: {labels: ["interlock.hostname="]}
  late: {labels: {interlock.context_root: /later}, expose: [8080]}
`,
    },
  },
  "profiles, of the command line and of none": {
    compose: ["compose.yaml"],
    profiles: ["debug"],
    services: ["all", "tool", "web"],
    files: {
      "compose.yaml": `version: "3.9"
services:
  web: {image: a, labels: {interlock.hostname: web.example.com}}
  tool: {image: b, profiles: [debug, other], labels: {interlock.hostname: tool.example.com}}
  else: {image: c, profiles: [other], labels: {interlock.hostname: else.example.com}}
  all: {image: d, profiles: [], labels: {interlock.hostname: all.example.com}}
`,
    },
  },
  "variables of --env-file, in place of .env and below the shell": {
    compose: ["compose.yaml"],
    envFile: "ci.env",
    env: { FROM_SHELL: "shell" },
    files: {
      "compose.yaml": `version: "3.9"
services:
  web:
    image: a
    hostname: \${NAME}.example.com
    labels:
      interlock.weight: "\${WEIGHT:-7}"
      interlock.context_root: "/\${FROM_SHELL}"
      interlock.alias_domain: "\${NOWHERE:-none.net}"
      interlock.port: "\${EMPTY-80}"
    env_file: [first.env, second.env]
    environment: [INTERLOCK_DATA]
`,
      ".env": "NAME=wrong\nWEIGHT=1\n",
      "ci.env": "# for CI\nNAME='right'\nFROM_SHELL=file\nEMPTY=\n",
      "first.env": "INTERLOCK_DATA=first\n",
      "second.env": "INTERLOCK_DATA=second\n",
    },
  },
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

for (const [name, example] of Object.entries(EXAMPLES)) {
  Deno.test({
    name: `docker-compose config and our reader agree on labels, data, names, ports and networks: ${name}`,
    ignore: !hasCompose,
    fn: () => compare(example),
  });
}

async function compare(
  { files, compose, env = {}, envFile, profiles = [], networks = {}, services }: Example,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-compose-" });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const flags = [
      ...compose.flatMap((file) => ["-f", file]),
      ...profiles.flatMap((profile) => ["--profile", profile]),
      ...envFile === undefined ? [] : ["--env-file", envFile],
    ];
    const { code, stdout, stderr } = await new Deno.Command("docker-compose", {
      args: ["-p", "shop", ...flags, "config"],
      cwd: folder,
      env: { ...env },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const theirs = parse(new TextDecoder().decode(stdout)) as Config;
    const ours = await readProject({
      files: compose.map((file) => `${folder}/${file}`),
      envFiles: envFile === undefined ? [] : [`${folder}/${envFile}`],
      profiles,
      projectName: "shop",
      workingFolder: folder,
      env: (name) => env[name],
      read: (path) => Deno.readTextFile(path),
    });
    assert.deepEqual(ours.mistakes, []);
    assert.deepEqual(
      sorted(ours.services.map(({ name }) => name)),
      sorted(services ?? Object.keys(theirs.services)),
    );
    for (const service of ours.services) compareService(service, theirs.services[service.name], networks);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function compareService(
  service: ComposeService,
  config: Config["services"][string] | undefined,
  known: Readonly<Record<string, string>>,
): void {
  const { name, labels, hostname, domainname, networkMode } = service;
  assert.ok(config !== undefined, name);
  // What it prints can be read again: a dollar stands doubled.
  const plain = (text: string) => text.replaceAll("$$", "$");
  assert.deepEqual(
    labels,
    Object.fromEntries(
      Object.entries(config.labels ?? {}).map(([label, value]) => [label, plain(String(value))]),
    ),
    name,
  );
  assert.equal(service.interlockData, config.environment?.["INTERLOCK_DATA"]?.replaceAll("$$", "$"), name);
  assert.deepEqual([hostname, domainname], [config.hostname ?? "", config.domainname ?? ""]);
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
  assert.deepEqual(expanded(targets), expanded(theirPorts), name);
  const names = networkMode.startsWith("service:") ? [] : service.networks;
  const theirNetworks = Object.keys(config.networks ?? { default: null });
  assert.deepEqual(
    sorted(names),
    config.network_mode === undefined
      ? sorted(theirNetworks.map((each) => known[each] ?? `shop_${each}`))
      : [],
  );
  assert.equal(config.network_mode ?? "", networkMode.startsWith("service:") ? networkMode : "");
}

const sorted = (words: Iterable<string>) => [...words].sort();

/** `3000-3001:3000-3001/tcp` as a port each, sorted. */
const expanded = (ports: readonly string[]): readonly string[] =>
  ports.flatMap((port) => {
    const [, from = "", to = "", target = "", end = "", protocol = ""] =
      /^(\d*)-?(\d*):(\d+)-?(\d*)\/(\w+)$/.exec(port) ?? [];
    if (to === "") return [`${from}:${target}/${protocol}`];
    const size = Number(end) - Number(target) + 1;
    return Array.from({ length: size }, (_, at) => `${Number(from) + at}:${Number(target) + at}/${protocol}`);
  }).sort();
