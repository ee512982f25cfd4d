import { isOurs } from "../core/labels/dialects.ts";
import type { LabelPrefix } from "../core/labels/label_parts.ts";
import { OTHER_VARIABLES } from "../core/labels/other_tools.ts";
import type { Built } from "../core/model/build_model.ts";
import { routeName } from "../core/model/model.ts";
import { type Verdict, verdictsOf } from "../core/model/verdict.ts";
import { findInForce, type InForce } from "../core/status/in_force.ts";
import { formatEndpoint } from "../core/values/names.ts";
import { messageLine, type Notice } from "../core/values/notice.ts";
import type { Against } from "./check_against.ts";
import type { ServiceViews } from "../docker/compose/compose_views.ts";
import type { Place } from "../docker/compose/placed.ts";
import type { ComposeProject } from "../docker/compose/project.ts";
import type { ComposeService } from "../docker/compose/service.ts";
import { hiddenNotice } from "./hidden_notice.ts";

/** Something that a user should know of a file; `error` where Compose itself would refuse it. */
export type Finding = Place & {
  readonly severity: "error" | "warning" | "info";
  readonly code: string;
  /** "" where it is about no service. */
  readonly service: string;
  readonly message: string;
};

/** What a service would serve, or why it would serve nothing; one for each of its routes. */
export type Served = Place & InForce & {
  readonly service: string;
  readonly containers: number;
  readonly hosts: readonly string[];
  readonly address: string | undefined;
  readonly why: string | undefined;
};

/** What files would make of the routing. */
export type Checked = {
  readonly served: readonly Served[];
  readonly findings: readonly Finding[];
  /** What would change, where that was wanted. */
  readonly against?: Against;
};

/** Looks at what was built from a project: what each service serves, and each notice with its place. */
export function checkedOf(
  project: ComposeProject,
  { services }: ServiceViews,
  { built, prefix }: { readonly built: Built; readonly prefix: LabelPrefix | undefined },
): Checked {
  const { hide } = project;
  const inForce = findInForce(built);
  const served = new Map<string, Served>();
  for (const verdict of verdictsOf(built)) {
    const service = services.get(verdict.container.name);
    if (service === undefined) continue;
    const one = servedOf(service, verdict, inForce(verdict));
    // Its containers serve alike.
    served.set(JSON.stringify([one.service, one.hosts, one.address, one.why]), one);
  }
  const findings = [
    ...project.mistakes.map(({ at, message }): Finding => ({
      ...at,
      severity: "error",
      code: "bad-compose",
      service: "",
      message,
    })),
    ...project.remarks.map(({ at, message }): Finding => ({
      ...at,
      severity: "info",
      code: "unset-variable",
      service: "",
      message,
    })),
    ...built.notices.flatMap((notice) => findingOf(notice, services, hide) ?? []),
    ...project.services.flatMap((service) => ofDeploy(service, prefix) ?? []),
  ];
  return {
    served: [...served.values()].map((each) => shownOf(each, hide)),
    findings: inOrder(
      findings.map((each) => ({ ...each, file: hide(each.file) })),
    ),
  };
}

type Hide = ComposeProject["hide"];

/** What a service serves, without what variables hold. */
const shownOf = (served: Served, hide: Hide): Served => ({
  ...served,
  file: hide(served.file),
  hosts: served.hosts.map(hide),
  address: served.address && hide(served.address),
  why: served.why && hide(served.why),
  rules: served.rules.map((rule) => ({ ...rule, value: hide(rule.value), ...hiddenFrom(rule, hide) })),
  redirects: served.redirects.map((redirect) => ({
    ...redirect,
    source: hide(redirect.source),
    target: hide(redirect.target),
    ...hiddenFrom(redirect, hide),
  })),
});

const hiddenFrom = ({ from }: { readonly from?: string }, hide: Hide) =>
  from === undefined ? {} : { from: hide(from) };

const servedOf = (
  service: ComposeService,
  { hosts, server, why }: Verdict,
  { rules, redirects }: InForce,
): Served => ({
  ...service.at,
  service: service.name,
  containers: service.containers.length,
  hosts: hosts.filter(({ move }) => move === undefined).map(routeName),
  address: server && formatEndpoint(server.address, server.port),
  why,
  rules,
  redirects,
});

function findingOf(notice: Notice, services: ServiceViews["services"], hide: Hide): Finding | undefined {
  const service = services.get(notice.subject);
  if (service === undefined) return undefined;
  const { severity, code } = notice;
  const message = messageLine(hiddenNotice(notice, hide));
  return { ...placeOf(service, messageLine(notice)), severity, code, service: service.name, message };
}

/** A Swarm alone gives these labels to anything. */
function ofDeploy(service: ComposeService, prefix: LabelPrefix | undefined): Finding | undefined {
  const label = Object.keys(service.deployLabels).find((each) => isOurs(each, prefix));
  if (label === undefined) return undefined;
  const at = service.places.get(`label ${label}`) ?? service.at;
  const message = "labels under deploy count in a Swarm alone, and are left out here: " +
    "expected them under labels, or --swarm for docker stack deploy";
  return { ...at, severity: "info", code: "deploy-labels", service: service.name, message };
}

/** Where what a message is about stands: the label that it names, the data, or a part of the service. */
function placeOf({ places, at }: ComposeService, message: string): Place {
  const labels = [...message.matchAll(/"([^"\s]+)"/g)].map(([, label = ""]) => placeOfLabel(places, label));
  const variable = VARIABLES.find((name) => message.includes(name));
  const data = variable === undefined ? undefined : places.get(variable);
  const [, part] = PARTS.find(([words, name]) => words.test(message) && places.has(name)) ?? [];
  return labels.find((place) => place !== undefined) ?? data ?? placeOfKey(places, message) ??
    places.get(part ?? "") ?? at;
}

const VARIABLES = ["INTERLOCK_DATA", ...OTHER_VARIABLES];

/** The parts of a service that messages speak of without naming a label. */
const PARTS = [
  [/\bnetworks?\b/, "networks"],
  [/\bports?\b/, "ports"],
  [/\bports?\b/, "expose"],
  [/\bhost(?:name)?\b|^does not serve/, "hostname"],
] as const;

/** A message has a label as it is spelt right, and a list without its numbers. */
function placeOfLabel(places: ComposeService["places"], label: string): Place | undefined {
  const exact = places.get(`label ${label}`);
  if (exact !== undefined) return exact;
  const wanted = `label ${label}`.toLowerCase();
  const isIt = (name: string) => name.toLowerCase() === wanted || name.toLowerCase().startsWith(`${wanted}.`);
  return [...places].find(([name]) => isIt(name))?.[1];
}

/** A message about a key that no label is named in. */
function placeOfKey(places: ComposeService["places"], message: string): Place | undefined {
  const words = new Set(message.split(/[^a-z0-9_]+/));
  const keyOf = (name: string) => name.replace(/\.[0-9]+$/, "").split(".").at(-1) ?? "";
  return [...places].find(([name]) => name.startsWith("label ") && words.has(keyOf(name)))?.[1];
}

/** By file and line; each once, though each container of a service says it. */
function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const once = new Map(
    findings.map((each) => [JSON.stringify([each.file, each.line, each.service, each.message]), each]),
  );
  return [...once.values()].sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
}
