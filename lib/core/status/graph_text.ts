import { onOneLine } from "../values/notice.ts";
import type { Graph, GraphBackend, GraphRoute, GraphServer } from "./graph.ts";

/** The picture in Mermaid's language, which GitHub, GitLab and many editors show. */
export function mermaidText(graph: Graph): string {
  const node = (id: string, lines: readonly string[]) => `  ${id}["${lines.map(forMermaid).join("<br/>")}"]`;
  const lines = ["flowchart LR", ...nodesAndEdges(graph, node, (from, to) => `  ${from} --> ${to}`)];
  if (graph.hosts.length === 0) lines.push('  none["no routes"]');
  return `${lines.join("\n")}\n`;
}

/** The picture in Graphviz' language. */
export function dotText(graph: Graph): string {
  const node = (id: string, lines: readonly string[]) =>
    `  ${id} [label="${lines.map(forDot).join("\\n")}"];`;
  return [
    "digraph signalbox {",
    "  rankdir=LR;",
    '  node [shape=box, fontname="monospace"];',
    ...nodesAndEdges(graph, node, (from, to) => `  ${from} -> ${to};`),
    "}\n",
  ].join("\n");
}

type NodeOf = (id: string, lines: readonly string[]) => string;

/** Nodes have names of our own: no text of a container is one. */
function nodesAndEdges(graph: Graph, node: NodeOf, edge: (from: string, to: string) => string): string[] {
  const lines: string[] = [];
  let count = 0;
  graph.hosts.forEach((host, at) => {
    lines.push(node(`h${at}`, [host.name]));
    for (const route of host.routes) {
      const id = `r${count++}`;
      lines.push(node(id, routeLines(route)), edge(`h${at}`, id));
      if (route.target !== undefined) lines.push(node(`t${id}`, [route.target]), edge(id, `t${id}`));
      if (route.backend !== undefined) lines.push(edge(id, `b${route.backend}`));
    }
  });
  graph.backends.forEach((backend, at) => lines.push(node(`b${at}`, backendLines(backend))));
  return lines;
}

const routeLines = ({ name, guards }: GraphRoute): string[] => [
  name,
  ...guards.length === 0 ? [] : [guards.join(", ")],
];

const backendLines = ({ servers, more }: GraphBackend): string[] => [
  ...servers.map(serverLine),
  ...more === 0 ? [] : [`and ${more} more`],
];

const serverLine = ({ name, address, isReady }: GraphServer): string =>
  `${name} ${address}${isReady === false ? " (no traffic)" : ""}`;

/** Everything but plain characters and letters of any script by its number: Mermaid reads signs and words of its own in labels. */
const forMermaid = (text: string): string =>
  onOneLine(text).replace(/[^\p{L}\p{N} ._/:*,()-]/gu, (sign) => `#${sign.codePointAt(0)};`);

const forDot = (text: string): string => onOneLine(text).replace(/["\\]/g, "\\$&");
