import { type Graph, graphOf } from "../../core/status/graph.ts";
import { svgText } from "../../core/status/graph_svg.ts";
import { dotText, mermaidText } from "../../core/status/graph_text.ts";
import { type ComposeOptions, plannedBy, withoutEngine } from "../compose_input.ts";
import { prepareRouting } from "../routing.ts";
import { settingsOf } from "../settings.ts";
import { presentOf } from "../present.ts";
import type { Terminal } from "../terminal.ts";

/** How the routing is drawn, by the name of `--format`. */
export const GRAPH_FORMATS: Readonly<Record<string, (graph: Graph) => string>> = {
  mermaid: mermaidText,
  dot: dotText,
  svg: svgText,
};

/** The flags of `graph` that are no settings. */
export type GraphOptions = ComposeOptions & { readonly format: string; readonly compose?: readonly string[] };

/** Draws the routing of a snapshot, of compose files, or as it is now. Throws Failure. */
export async function graph(
  options: GraphOptions & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const drawn = options.compose === undefined
    ? await ofPresent(options, terminal)
    : await ofCompose(options.compose, options, terminal);
  await terminal.out((GRAPH_FORMATS[options.format] ?? mermaidText)(drawn));
  return 0;
}

async function ofPresent(options: Record<string, unknown>, terminal: Terminal): Promise<Graph> {
  const { build, status } = await presentOf(options, terminal);
  return graphOf((await build()).model, status);
}

/** What variables hold may be a secret: the picture has their names. */
async function ofCompose(
  files: readonly string[],
  options: GraphOptions & Record<string, unknown>,
  terminal: Terminal,
): Promise<Graph> {
  const given = settingsOf(options, terminal);
  const { byName, hide } = await plannedBy(files, options, given, terminal);
  const { design } = await prepareRouting(withoutEngine(given), undefined, "elsewhere");
  const { hosts, backends } = graphOf(design.build(byName).model);
  return {
    hosts: hosts.map(({ name, routes }) => ({
      name: hide(name),
      routes: routes.map((route) => ({
        ...route,
        name: hide(route.name),
        ...route.target !== undefined && { target: hide(route.target) },
      })),
    })),
    backends: backends.map((backend) => ({
      ...backend,
      servers: backend.servers.map((server) => ({
        ...server,
        name: hide(server.name),
        address: hide(server.address),
      })),
    })),
  };
}
