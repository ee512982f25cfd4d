/** `signalbox graph`: the routing as a picture, which no text of a container gets out of its box. */
import assert from "node:assert/strict";
import { type Graph, graphOf } from "../../lib/core/status/graph.ts";
import { svgText } from "../../lib/core/status/graph_svg.ts";
import { dotText, mermaidText } from "../../lib/core/status/graph_text.ts";
import { build } from "../core/model/built.ts";
import { inspected, World } from "./world.ts";

const SAID = [
  inspected("shop", "www.example.com", {
    context_root: "/shop",
    basic_auth: ["ann:{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00="],
  }),
  inspected("post", "www.example.com", {
    context_root: "/shop",
    methods: ["POST"],
    match_headers: ["X-Key: topsecret"],
  }),
  inspected("web", "www.example.com", {
    alias_domains: ["example.com"],
    redirects: ["old.example.com https://www.example.com 301"],
  }),
];

const drawn = async (world: World, format: string) => {
  const { code, stdout, stderr } = await world.run([
    "graph",
    "--format",
    format,
    "--snapshot",
    "snapshot.json",
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
};

Deno.test("the picture has hosts, paths with their guards, and containers", async () => {
  await using world = await World.make(...SAID);
  assert.equal(
    await drawn(world, "mermaid"),
    `flowchart LR
  h0["www.example.com"]
  r0["/"]
  h0 --> r0
  r0 --> b0
  r1["/shop<br/>basic_auth"]
  h0 --> r1
  r1 --> b1
  r2["/shop if header x-key, POST<br/>basic_auth"]
  h0 --> r2
  r2 --> b2
  h1["example.com"]
  r3["/"]
  h1 --> r3
  r3 --> b0
  h2["old.example.com"]
  r4["/"]
  h2 --> r4
  tr4["301 to https://www.example.com"]
  r4 --> tr4
  b0["web 172.17.0.2:80"]
  b1["shop 172.17.0.2:80"]
  b2["post 172.17.0.2:80"]
`,
  );
  assert.match(await drawn(world, "dot"), /^digraph signalbox \{\n[^]*\n {2}h0 -> r0;\n[^]*\n\}\n$/);
  for (const format of ["mermaid", "dot", "svg"]) {
    assert.doesNotMatch(await drawn(world, format), /topsecret|qvTG/);
  }
});

Deno.test("an SVG is well-formed, has no script and loads nothing, whatever containers are called", () => {
  const svg = svgText(HOSTILE);
  const { texts } = readXml(svg);
  const all = texts.join("\n");
  for (const part of ["</text><script>alert(1)</script>", "]]>", "&amp;", "<!--"]) {
    assert.ok(all.includes(part), part);
  }
  assert.doesNotMatch(svg, /<script|<foreignObject|<image|<use|\bon\w+=|href|url\(|@import|javascript:/i);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(svg, /[\x00-\x08\x0b-\x1f\u202e\ufffe\uffff]/);
});

Deno.test("a picture of 200 routes has each of them, no two boxes of a column on each other, in order", () => {
  const said = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [`web${at}`, {
      hostname: `h${Math.floor(at / 4)}.test`,
      context_root: `/p${at % 4}`,
      alias_domains: at % 20 === 0 ? [`a${at}.test`] : undefined,
    }]),
  );
  const { elements } = readXml(svgText(graphOf(build(said).model)));
  const boxes = elements.filter(({ name, attributes }) => name === "rect" && attributes["class"] !== "paper")
    .map(
      ({ attributes }) => ({
        left: Number(attributes["x"]),
        top: Number(attributes["y"]),
        bottom: Number(attributes["y"]) + Number(attributes["height"]),
      }),
    );
  const columns = [...Map.groupBy(boxes, ({ left }) => left).values()];
  assert.deepEqual(columns.map((column) => column.length).sort(), [210, 60, 200].sort());
  for (const column of columns) {
    column.sort((a, b) => a.top - b.top).reduce((above, below) => {
      assert.ok(below.top >= above.bottom, `${below.top} is not below ${above.bottom}`);
      return below;
    });
  }
  const height = Number(elements[0]?.attributes["height"]);
  assert.ok(boxes.every(({ bottom }) => bottom <= height));
});

Deno.test("no text of a container is a sign of Mermaid's or Graphviz' language", () => {
  for (const line of mermaidText(HOSTILE).trimEnd().split("\n").slice(1)) {
    assert.match(line, /^ {2}(?:\w+ --> \w+|\w+\["(?:[\p{L}\p{N} ._/:*,()-]|#\d+;|<br\/>)*"\])$/u);
  }
  for (const line of dotText(HOSTILE).trimEnd().split("\n").slice(3, -1)) {
    assert.match(line, /^ {2}(?:\w+ -> \w+|\w+ \[label="(?:[^"\\]|\\["\\n])*"\]);$/);
  }
});

Deno.test({
  name: "Graphviz draws the picture, hostile names too",
  ignore: !await isThere("dot"),
  fn: async () => {
    for (const graph of [HOSTILE, graphOf(build({ web: { hostname: "a.test" } }).model), EMPTY]) {
      const child = new Deno.Command("dot", {
        args: ["-Tplain"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      })
        .spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(dotText(graph)));
      await writer.close();
      const { code, stdout, stderr } = await child.output();
      assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
      const nodes = new TextDecoder().decode(stdout).match(/^node /gm) ?? [];
      const wanted = dotText(graph).match(/\[label=/g) ?? [];
      assert.equal(nodes.length, wanted.length);
    }
  },
});

Deno.test("compose files are drawn too, with the names of variables in place of what they hold", async () => {
  await using world = await World.make();
  await world.write(".env", "HOST=secret.example.com\n");
  await world.write("compose.yaml", "services: {web: {hostname: '${HOST}', expose: [80]}}\n");
  const { code, stdout } = await world.run(["graph", "--compose", "compose.yaml", "--format", "dot"]);
  assert.equal(code, 0);
  assert.match(stdout, /label="\$\{HOST\}"[^]*label="[^"]*web[^"]* web:80"/);
  assert.doesNotMatch(stdout, /secret/);
});

Deno.test("nothing at all is a picture too", async () => {
  await using world = await World.make();
  assert.match(await drawn(world, "mermaid"), /no routes/);
  readXml(await drawn(world, "svg"));
  assert.equal(svgText(EMPTY).includes("0 hosts, 0 paths, 0 containers"), true);
});

const EMPTY: Graph = { hosts: [], backends: [] };

const WORDS = [
  "</text><script>alert(1)</script>",
  '"\'`]]> --> x["y"]',
  "%%{init: {}}%% end subgraph click",
  '\\"; } digraph \\N \\',
  "<!-- &amp; &lt; <![CDATA[",
  "\u0000\u001b[31m\u202e\ud800\uffff\n;",
];
const HOSTILE: Graph = {
  hosts: WORDS.map((name, at) => ({
    name,
    routes: [{ name: `${name}${"x".repeat(100)}`, guards: [], backend: at }, {
      name,
      guards: [],
      target: name,
    }],
  })),
  backends: WORDS.map((name) => ({ servers: [{ name, address: name, isReady: false }], more: 3 })),
};

async function isThere(program: string): Promise<boolean> {
  return await new Deno.Command(program, { args: ["-V"], stdout: "null", stderr: "null" }).output().then(
    () => true,
    () => false,
  );
}

type Element = { readonly name: string; readonly attributes: Readonly<Record<string, string>> };

/** Reads XML strictly, as far as an SVG of ours needs it; throws where it is not well-formed. */
function readXml(text: string): { readonly elements: readonly Element[]; readonly texts: readonly string[] } {
  const elements: Element[] = [];
  const texts: string[] = [];
  const open: string[] = [];
  const token = /<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<>]*")*) ?(\/?)>|([^<>]+)/gy;
  let end = 0;
  for (const [whole, closes, name = "", attributes = "", isEmpty, content] of text.matchAll(token)) {
    end += whole.length;
    assert.match(content ?? attributes, /^(?:[^&]|&(?:amp|lt|gt|quot|#39);)*$/, whole);
    if (content !== undefined) texts.push(plain(content));
    else if (closes !== "") assert.equal(open.pop(), name, whole);
    else {
      const pairs = [...attributes.matchAll(/ ([a-zA-Z:-]+)="([^"]*)"/g)];
      assert.equal(new Set(pairs.map(([, key]) => key)).size, pairs.length, whole);
      elements.push({
        name,
        attributes: Object.fromEntries(pairs.map(([, key = "", value = ""]) => [key, plain(value)])),
      });
      if (isEmpty === "") open.push(name);
    }
  }
  assert.equal(end, text.length, `a mistake at ${text.slice(end, end + 60)}`);
  assert.deepEqual(open, []);
  return { elements, texts };
}

const SIGNS: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const plain = (text: string): string =>
  text.replace(/&([a-z#0-9]+);/g, (_, sign: string) => SIGNS[sign] ?? "");
