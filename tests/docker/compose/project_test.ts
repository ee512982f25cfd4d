import assert from "node:assert/strict";
import { viewsOf } from "../../../lib/docker/compose/compose_views.ts";
import { readProject } from "../../../lib/docker/compose/project.ts";
import { projectOf, serviceOf } from "./files.ts";

const service = (text: string, name = "web", given = {}) => serviceOf({ "compose.yaml": text }, name, given);
const mistakeIn = async (text: string, others: Record<string, string> = {}) => {
  const { mistakes: [mistake] } = await projectOf({ "compose.yaml": text, ...others });
  return mistake && `${mistake.at.file}:${mistake.at.line}: ${mistake.message}`;
};

Deno.test("lists and objects say the same of labels and of the environment, and numbers are texts", async () => {
  const asObject = await service(`services:
  web:
    labels: {interlock.port: 8080, interlock.enable: true, other: }
    environment: {INTERLOCK_DATA: '{"port":8080}', OTHER: 1}
`);
  const asList = await service(`services:
  web:
    labels: [interlock.port=8080, interlock.enable=true, other]
    environment: ['INTERLOCK_DATA={"port":8080}', OTHER=1]
`);
  assert.deepEqual(asObject.labels, { "interlock.port": "8080", "interlock.enable": "true", other: "" });
  assert.deepEqual(asList.labels, asObject.labels);
  assert.deepEqual([asObject.interlockData, asList.interlockData], ['{"port":8080}', '{"port":8080}']);
});

Deno.test("later files are merged into earlier ones, part by part", async () => {
  const web = await serviceOf(
    {
      "a.yaml": `services:
  web:
    hostname: a.example.com
    labels: {interlock.port: 80, interlock.path: /a, interlock.gone: x}
    ports: ["8080:80", "127.0.0.1:9090:90"]
    expose: [80, 90]
    networks: [front]
    environment: [A=1]
networks: {front: }
`,
      "b.yaml": `services:
  web:
    hostname: b.example.com
    labels:
      - interlock.port=81
    ports: ["8080:80", "443:443"]
    expose: ["90", 91]
    networks: {back: {aliases: [x]}}
networks: {back: {name: shared}}
`,
      "c.yaml":
        "services:\n  web:\n    labels:\n      interlock.gone: !reset null\n    environment: !override [B=1]\n",
    },
    "web",
    { files: ["a.yaml", "b.yaml", "c.yaml"] },
  );
  assert.equal(web.hostname, "b.example.com");
  assert.deepEqual(web.labels, { "interlock.port": "81", "interlock.path": "/a" });
  assert.deepEqual(web.ports.map(({ hostAddress, published, target }) => [hostAddress, published, target]), [
    ["", "8080", "80"],
    ["127.0.0.1", "9090", "90"],
    ["", "443", "443"],
  ]);
  assert.deepEqual(web.exposed, ["80/tcp", "90/tcp", "91/tcp"]);
  assert.deepEqual(web.networks, ["myshop_front", "shared"]);
  assert.deepEqual(web.places.get("label interlock.port"), { file: "b.yaml", line: 5 });
  assert.deepEqual(web.places.get("label interlock.path"), { file: "a.yaml", line: 4 });
});

Deno.test("a service extends one of its file and one of another, whose paths are its own", async () => {
  const texts = {
    "compose.yaml": `services:
  web:
    extends: {file: base/common.yaml, service: plain}
    labels: [interlock.port=82]
  api:
    extends: web
    hostname: api.example.com
`,
    "base/common.yaml": `services:
  plain:
    extends: {service: root}
    labels: {interlock.port: 80, interlock.context_root: /x}
  root: {hostname: root.example.com, env_file: data.env}
`,
    "base/data.env": "# ours\nexport INTERLOCK_DATA='{\"weight\": 5}' \n",
  };
  const [web, api] = [await serviceOf(texts, "web"), await serviceOf(texts, "api")];
  assert.deepEqual([web.hostname, api.hostname], ["root.example.com", "api.example.com"]);
  assert.deepEqual(api.labels, { "interlock.port": "82", "interlock.context_root": "/x" });
  assert.deepEqual([web.interlockData, api.interlockData], ['{"weight": 5}', '{"weight": 5}']);
  assert.deepEqual(web.places.get("INTERLOCK_DATA"), { file: "base/data.env", line: 2 });
});

Deno.test("anchors and merge keys are written out, and a service's own keys beat them", async () => {
  const web = await service(`x-one: &one {interlock.port: 1, interlock.weight: 1}
x-two: &two {interlock.port: 2, interlock.context_root: /two}
services:
  web:
    labels: {<<: [*one, *two], interlock.weight: 9}
`);
  assert.deepEqual(web.labels, {
    "interlock.port": "1",
    "interlock.weight": "9",
    "interlock.context_root": "/two",
  });
});

Deno.test("variables come from the shell, then from .env or the files named in its place", async () => {
  const texts = {
    "compose.yaml":
      "services:\n  web:\n    labels: ['a=$A', 'b=${B:-none}', 'c=${C}', 'd=$$D', 'e=${E:+${A}}']\n",
    ".env": 'A=of .env # a comment\nB="two\\twords"\nE=1\n',
    "other.env": "A=other\n",
  };
  const labelsOf = async (given: Parameters<typeof serviceOf>[2]) =>
    (await serviceOf(texts, "web", given)).labels;
  assert.deepEqual(await labelsOf({}), { a: "of .env", b: "two\twords", c: "", d: "$D", e: "of .env" });
  assert.deepEqual(await labelsOf({ env: { A: "shell" } }), {
    a: "shell",
    b: "two\twords",
    c: "",
    d: "$D",
    e: "shell",
  });
  assert.deepEqual(await labelsOf({ envFiles: ["other.env"] }), {
    a: "other",
    b: "none",
    c: "",
    d: "$D",
    e: "",
  });
  const { remarks } = await projectOf(texts);
  assert.deepEqual(remarks.map(({ at, message }) => `${at.line}: ${message}`), [
    "3: the variable C is not set: an empty text stands in its place",
  ]);
});

Deno.test("services of a profile count where it is wanted; includes bring services of their own", async () => {
  const texts = {
    "compose.yaml": `include: [sub/inner.yaml]
services:
  web: {}
  debug: {profiles: [tools]}
`,
    "sub/inner.yaml":
      "services: {inner: {hostname: '${NAME}', networks: [n]}}\nnetworks: {n: {external: true}}\n",
    "sub/.env": "NAME=inner.example.com\n",
  };
  const names = async (given = {}) => (await projectOf(texts, given)).services.map(({ name }) => name);
  assert.deepEqual(await names(), ["web", "inner"]);
  assert.deepEqual(await names({ profiles: ["tools"] }), ["web", "debug", "inner"]);
  assert.deepEqual(await names({ env: { COMPOSE_PROFILES: "x,tools" } }), ["web", "debug", "inner"]);
  const inner = await serviceOf(texts, "inner");
  assert.deepEqual([inner.hostname, inner.networks], ["inner.example.com", ["n"]]);
});

Deno.test("what Compose would refuse is a mistake with its file and line", async () => {
  const cases: readonly (readonly [text: string, mistake: RegExp])[] = [
    ["services:\n  web:\n\timage: x\n", /^compose\.yaml:3: it is no YAML: a line begins with a tab/],
    [
      "services:\n  web: {}\n  web: {}\n",
      /^compose\.yaml:3: it is no YAML: the name "web" stands there twice/,
    ],
    ["services:\n  web:\n    labels: 5\n", /^compose\.yaml:3: labels is neither a list nor an object/],
    ["services:\n  web:\n    labels:\n      a: {b: 1}\n", /^compose\.yaml:4: label "a" is no text/],
    ["services:\n  web:\n    ports: [x]\n", /^compose\.yaml:3: an element of ports cannot be used/],
    ["services:\n  web:\n    networks: [nope]\n", /^compose\.yaml:3: network "nope" is not among/],
    ["services:\n  web:\n    hostname: ${A\n", /^compose\.yaml:3: a variable cannot be written out/],
    [
      "services:\n  web:\n    hostname: ${A:?name it}\n",
      /^compose\.yaml:3: .*variable A to be set: "name it"/,
    ],
    [
      "services:\n  web:\n    extends: nope\n",
      /^compose\.yaml:3: service "web" extends "nope", which is not in/,
    ],
    [
      "services:\n  a:\n    extends: b\n  b:\n    extends: a\n",
      /^compose\.yaml:\d: service "[ab]" extends itself/,
    ],
    ["services:\n  web:\n    env_file: gone.env\n", /^compose\.yaml:3: env_file "gone\.env" cannot be read/],
    [
      "services:\n  web:\n    network_mode: service:gone\n",
      /^compose\.yaml:3: network_mode names the service/,
    ],
    [
      "services:\n  web:\n    container_name: a\n    scale: 2\n",
      /^compose\.yaml:3: container_name is set beside 2/,
    ],
    ["services:\n  'a b': {}\n", /^compose\.yaml:2: a service is called "a b"/],
    ["include: [gone.yaml]\nservices: {web: }\n", /^gone\.yaml:1: it cannot be read/],
    ["a: 1\n", /^compose\.yaml:1: it has no services/],
    ["services: *gone\n", /^compose\.yaml:1: \*gone stands for nothing/],
  ];
  for (const [text, mistake] of cases) assert.match(await mistakeIn(text) ?? "none", mistake, text);
});

Deno.test("files that would fill the memory are refused or cut short", async () => {
  const laughs = Array.from(
    { length: 12 },
    (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(at === 0 ? 0 : 12)}x]`,
  );
  assert.match(await mistakeIn(`${laughs.join("\n")}\nservices: {}\n`) ?? "", /more than 200000 values/);
  assert.match(await mistakeIn(`a: ${"[".repeat(10_000)}`) ?? "", /nested too deeply|no YAML/);
  assert.match(await mistakeIn("a: &a [*a]\n") ?? "", /stands for nothing/);
  const many = await service("services: {web: {scale: 999999999, ports: ['1-65535']}}\n");
  assert.equal(many.containers.length, 100);
  const grown = { "compose.yaml": `services: {web: {hostname: "${"$A".repeat(2_000)}"}}\n` };
  const { mistakes } = await projectOf(grown, { env: { A: "x".repeat(100_000) } });
  assert.match(mistakes[0]?.message ?? "", /at most 1048576 characters/);
});

Deno.test("each way to make a small project a large one has a bound, told with its file and line", async () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, at) => `  s${at}:${at === 0 ? " {}" : `\n    extends: s${at - 1}`}\n`);
  const labels = Array.from({ length: 1_000 }, (_, at) => `l${at}: x`).join(", ");
  const heirs = (length: number) =>
    Array.from({ length }, (_, at) => `  s${at}: {extends: {file: base.yaml, service: b}}\n`).join("");
  const files = (length: number) => Array.from({ length }, (_, at) => `f${at}.yaml`);
  const each = (names: readonly string[], text: (at: number) => string) =>
    Object.fromEntries(names.map((name, at) => [name, text(at)]));
  const env = (text: string) => ({ "e.env": text });
  const cases: readonly (readonly [text: string, others: Record<string, string>, mistake: RegExp])[] = [
    [
      "include: [{path: [f0.yaml, f0.yaml]}]\n",
      each(files(20), (at) => `include: [{path: [f${at + 1}.yaml, f${at + 1}.yaml]}]\n`),
      /^f15\.yaml:1: files include one another more than 16 deep/,
    ],
    [
      `include: [${files(70).join(", ")}]\n`,
      each(files(70), (at) => `services: {s${at}: {}}\n`),
      /^f63\.yaml:1: it is one of more than 64 files/,
    ],
    [
      `include: [{path: [${Array(70).fill("f0.yaml").join(", ")}]}]\n`,
      { "f0.yaml": "services: {a: {}}\n" },
      /^f0\.yaml:1: it is one of more than 64 files/,
    ],
    [
      `services:\n${
        files(70).map((file, at) => `  s${at}: {extends: {file: ${file}, service: a}}\n`).join("")
      }`,
      each(files(70), () => "services: {a: {}}\n"),
      /^f63\.yaml:1: it cannot be read: a project has at most 64 files/,
    ],
    [
      `include: [${files(5).join(", ")}]\n`,
      each(files(5), (at) => `services: {s${at}: {}}\n#${"x".repeat(1_000_000)}\n`),
      /^f4\.yaml:1: it cannot be read: the files of a project have at most 4194304 characters/,
    ],
    [`#${"x".repeat(1_048_576)}\n`, {}, /^compose\.yaml:1: it has more than 1048576 characters/],
    [`services:\n${chain(40).join("")}`, {}, /^compose\.yaml:68: service "s33" extends more than 32/],
    [
      `services:\n${chain(40).reverse().join("")}`,
      {},
      /^compose\.yaml:\d+: service "s\d+" extends more than 32/,
    ],
    [
      `services:\n${heirs(1_500)}`,
      { "base.yaml": `services: {b: {labels: {${labels}}}}\n` },
      /^compose\.yaml:\d+: the files say more than 1000000 values/,
    ],
    ["a: &a [x]\nb:\n  {? *a : 1}\n", {}, /^compose\.yaml:3: \*a stands for no text/],
    ["a:\n  {? [x] : 1}\n", {}, /^compose\.yaml:2: one of them stands for no text/],
    [`a:\n  ${"[".repeat(70)}${"]".repeat(70)}\n`, {}, /^compose\.yaml:2: it is nested too deeply/],
    [
      `services:\n  web:\n    hostname: "${"${A:-".repeat(20_000)}${"}".repeat(20_000)}"\n`,
      {},
      /^compose\.yaml:3: .*at most 16 variables within one another/,
    ],
    [
      `services:\n  web:\n    labels: [${"'${LONG}', ".repeat(50)}]\n`,
      { ".env": `LONG=${"x".repeat(100_000)}\n` },
      /^compose\.yaml:3: the texts have more than 4194304 characters/,
    ],
    [
      "services:\n  web:\n    env_file: e.env\n",
      env(`A=${"x".repeat(1_000)}\n${"B=$A\n".repeat(2_000)}`),
      /^compose\.yaml:3: env_file "e\.env" cannot be read: its values have more than 1048576 characters/,
    ],
  ];
  for (const [text, others, mistake] of cases) {
    assert.match(await mistakeIn(text, others) ?? "none", mistake, text.slice(0, 80));
  }
  // These only take long where each use looks through all of the file again.
  const keys = `a: &a x\nb:\n${"  - {? *a : 1}\n".repeat(10_000)}services: {web: }\n`;
  assert.equal(await mistakeIn(keys), undefined);
  const unended = env(`A="${"\n".repeat(500_000)}`);
  assert.equal(await mistakeIn("services: {web: {env_file: e.env}}\n", unended), undefined);
  assert.equal(await mistakeIn(`services:\n${chain(33).join("")}`), undefined);
});

Deno.test("a file is read once, however many services and files name it", async () => {
  const reads: string[] = [];
  const texts: Readonly<Record<string, string>> = {
    "compose.yaml": `services:\n${
      Array.from({ length: 100 }, (_, at) =>
        `  s${at}: {extends: {file: b.yaml, service: b}, env_file: e.env}\n`).join("")
    }`,
    "b.yaml": "services: {b: {labels: {a: '1'}}}\n",
    "e.env": "INTERLOCK_DATA={}\n",
  };
  const { services } = await readProject({
    files: ["compose.yaml"],
    envFiles: [],
    profiles: [],
    projectName: "shop",
    workingFolder: "/shop",
    env: () => undefined,
    read: (path) => {
      reads.push(path);
      const text = texts[path];
      return text === undefined ? Promise.reject(new Error("there is none")) : Promise.resolve(text);
    },
  });
  assert.deepEqual(reads, [".env", "compose.yaml", "b.yaml", "e.env"]);
  assert.deepEqual([services.length, services[99]?.labels, services[99]?.interlockData], [
    100,
    { a: "1" },
    "{}",
  ]);
});

Deno.test("a service is a container as Docker would have it, reached at its name, wherever the folder is", async () => {
  const text = `services:
  web:
    hostname: www.example.com
    ports: ["127.0.0.1:8080:80", "53:53/udp", "9000"]
    scale: 2
  side: {network_mode: "service:web", container_name: my-side}
  lone: {network_mode: none}
`;
  const views = async (projectName: string) =>
    viewsOf(await projectOf({ "compose.yaml": text }, { projectName }), "names").views;
  const [first, second, side, lone] = await views("shop");
  assert.deepEqual([first?.name, second?.name, side?.name], ["shop-web-1", "shop-web-2", "my-side"]);
  assert.deepEqual(first?.exposed.map(({ port, protocol }) => `${port}/${protocol}`), [
    "53/udp",
    "80/tcp",
    "9000/tcp",
  ]);
  assert.deepEqual(first?.published, [{ port: 80, hostAddress: "127.0.0.1", hostPort: 8080 }]);
  assert.deepEqual(first?.networks, [{ name: "shop_default", ipv4: "web", ipv6: undefined }]);
  assert.deepEqual([side?.networkMode, side?.networks], [`container:${first?.id}`, []]);
  assert.deepEqual(lone?.networks, []);
  assert.deepEqual((await views("other")).map(({ id }) => id), (await views("shop")).map(({ id }) => id));
});

Deno.test("replicas beyond a thousand of all services are not looked at, and each service keeps its first one", async () => {
  const rows = Array.from({ length: 50 }, (_, at) => `  s${at}: {image: x, deploy: {replicas: 100}}\n`);
  const { services, mistakes } = await projectOf({ "compose.yaml": `services:\n${rows.join("")}` });
  assert.deepEqual(mistakes, []);
  const counts = services.map(({ containers }) => containers.length);
  assert.equal(counts.reduce((sum, count) => sum + count), 1_050);
  assert.deepEqual([counts[0], counts[49], Math.min(...counts)], [100, 1, 1]);
});

Deno.test("labels of files lie below a service's own, the later file over the earlier, each with its line", async () => {
  const texts = {
    "app/compose.yaml": `services:
  web:
    label_file: [base.labels, ./more.labels]
    labels: [interlock.port=81]
  api:
    extends: {service: web, file: ../shared/compose.yaml}
    label_file: base.labels
`,
    "app/base.labels":
      "# all of ours\nTEAM=shop\ninterlock.hostname=www.example.com\ninterlock.port=80\ninterlock.weight=1\n",
    "app/more.labels": "interlock.weight='2'\ninterlock.alias_domain=\"${TEAM}.example.com\"\nHOME\n",
    "shared/compose.yaml": "services: {web: {label_file: shared.labels}}\n",
    "app/../shared/compose.yaml": "services: {web: {label_file: shared.labels}}\n",
    "app/../shared/shared.labels": "interlock.hostname=shared.example.com\ninterlock.network=front\n",
  };
  const given = { files: ["app/compose.yaml"], env: { HOME: "/root" } };
  const web = await serviceOf(texts, "web", given);
  assert.deepEqual(web.labels, {
    "interlock.hostname": "www.example.com",
    "interlock.port": "81",
    "interlock.weight": "2",
    "interlock.alias_domain": "shop.example.com",
    "TEAM": "shop",
  });
  assert.deepEqual(web.places.get("label interlock.weight"), { file: "app/more.labels", line: 1 });
  assert.deepEqual(web.places.get("label interlock.port"), { file: "app/compose.yaml", line: 4 });
  // A service that extends another has the files of both, its own last.
  const api = await serviceOf(texts, "api", given);
  assert.deepEqual(api.labels, {
    "interlock.hostname": "www.example.com",
    "interlock.network": "front",
    "interlock.port": "80",
    "interlock.weight": "1",
    "TEAM": "shop",
  });
  const { mistakes } = await projectOf({
    "compose.yaml": "services:\n  web:\n    label_file: gone.labels\n",
  });
  assert.deepEqual(mistakes.map(({ at }) => at), [{ file: "compose.yaml", line: 3 }]);
  assert.match(mistakes[0]?.message ?? "", /^label_file "gone\.labels" cannot be read: /);
});

Deno.test("in a Swarm the labels of deploy are those of its services, below those of its containers", async () => {
  const texts = {
    "stack.yaml": `services:
  web:
    labels: {interlock.port: "81"}
    deploy:
      labels: [interlock.hostname=www.example.com, interlock.port=80]
`,
  };
  const alone = await serviceOf(texts, "web");
  assert.deepEqual(alone.labels, { "interlock.port": "81" });
  assert.deepEqual(Object.keys(alone.deployLabels), ["interlock.hostname", "interlock.port"]);
  const swarm = await serviceOf(texts, "web", { isSwarm: true });
  assert.deepEqual(swarm.labels, { "interlock.hostname": "www.example.com", "interlock.port": "81" });
  assert.deepEqual(swarm.deployLabels, {});
  assert.deepEqual(swarm.places.get("label interlock.hostname"), { file: "stack.yaml", line: 5 });
  assert.deepEqual(swarm.places.get("label interlock.port"), { file: "stack.yaml", line: 3 });
});
