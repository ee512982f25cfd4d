import { messageOf } from "../../core/values/message_of.ts";
import { formatNotice, type Notice } from "../../core/values/notice.ts";
import { shownFiles, shownText } from "../../core/config/hide_secrets.ts";
import type { Files, FileSet } from "../../core/config/render.ts";
import type { Snapshot } from "../../core/snapshot/snapshot.ts";
import { UNREAD } from "../../certificates/certificate_files.ts";
import { findHaproxy } from "../../haproxy/process/program.ts";
import { readGiven } from "../../haproxy/files/given_file.ts";
import { copyFiles } from "../../haproxy/files/safe_files.ts";
import { type Tried, tryRouting } from "../check_files.ts";
import { withDefault } from "../given_certificates.ts";
import { failed, wrongUsage } from "../failure.ts";
import { patchOf } from "../patch.ts";
import { type ComposeOptions, plannedBy, withoutEngine } from "../compose_input.ts";
import { hiddenNotice } from "../hidden_notice.ts";
import { readSnapshot } from "../input.ts";
import { prepareRouting, type Routing } from "../routing.ts";
import { settingsOf } from "../settings.ts";
import { jsonDocument, type Terminal } from "../terminal.ts";

/** The flags of `render` that are no settings. */
export type RenderOptions = ComposeOptions & {
  readonly compose?: readonly string[];
  readonly output?: string;
  readonly validate?: boolean;
  readonly diff?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
};

/** Prints the config for a snapshot or for Docker as it stands; answers with the exit code, or throws Failure. */
export async function render(
  options: RenderOptions & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const given = settingsOf(options, terminal);
  const planned = options.compose && await plannedBy(options.compose, options, given, terminal);
  const settings = planned === undefined ? given : withoutEngine(given);
  const routing = await prepareRouting(settings, undefined, "elsewhere");
  if (options.validate) requireCertificates(routing);
  const snapshot = planned?.byName ?? await readSnapshot(settings, terminal);
  const tried = options.validate
    ? await validated(routing, planned?.byNumber ?? snapshot, settings.haproxy)
    : rendered(routing, snapshot);
  // HAProxy would look the names of services up.
  const { built, desired } = options.validate && planned !== undefined ? rendered(routing, snapshot) : tried;
  const hide = planned?.hide ?? ((text: string) => text);
  const notices = built.notices.map((notice) => hiddenNotice(notice, hide));
  for (const notice of notices) terminal.err(formatNotice(notice));
  if (tried.why !== undefined) throw failed(hide(tried.why));
  const diff = options.diff === undefined ? undefined : await diffFiles(options.diff, desired.files);
  if (options.output !== undefined) {
    const certificates = desired.certificates && await withDefault(desired.certificates);
    await writeOutput(options.output, { files: desired.files, certificates });
  }
  await print(options, desired.files, notices, diff, terminal);
  if (options.strict && built.notices.some((notice) => notice.severity === "warning")) return 3;
  return diff === undefined || diff === "" ? 0 : 4;
}

async function print(
  options: RenderOptions,
  files: Files,
  notices: readonly Notice[],
  diff: string | undefined,
  terminal: Terminal,
): Promise<void> {
  if (options.json) {
    const document = {
      files: Object.fromEntries(shownFiles(files)),
      notices,
      ...(diff !== undefined && { differs: diff !== "", diff }),
    };
    await terminal.out(jsonDocument(document));
  } else if (diff !== undefined) await terminal.out(diff);
  else if (options.output === undefined) {
    await terminal.out(shownText("haproxy.cfg", files.get("haproxy.cfg") ?? ""));
  }
}

/** HAProxy's own words would be about a line of haproxy.cfg. Throws Failure. */
function requireCertificates({ certificates }: Routing): void {
  const unread = certificates.notices.find(({ code }) => code === UNREAD);
  if (unread === undefined) return;
  throw failed(`--validate needs the certificates of "${unread.subject}": ${unread.message}`);
}

function rendered({ design }: Routing, snapshot: Snapshot): Tried {
  const built = design.build(snapshot);
  return { built, desired: design.render(built.model), why: undefined };
}

async function validated(routing: Routing, snapshot: Snapshot, haproxy: string): Promise<Tried> {
  // Notices count also where there is no HAProxy to ask.
  const program = await findHaproxy(haproxy).catch(messageOf);
  if (typeof program === "string") return { ...rendered(routing, snapshot), why: program };
  const tried = await tryRouting(routing, snapshot, program.path);
  return tried.why === undefined
    ? tried
    : { ...tried, why: `HAProxy ${program.text} refuses the config: ${tried.why}` };
}

async function diffFiles(path: string, files: Files): Promise<string> {
  const file = path.endsWith("/") ? `${path}haproxy.cfg` : path;
  const folder = file.includes("/") ? file.slice(0, file.lastIndexOf("/") + 1) : "";
  // A pipe has no files beside it.
  const isPipe = await Deno.stat(file).then(({ isFile }) => !isFile, () => false);
  const parts: string[] = [];
  for (const [name, text] of files) {
    if (isPipe && name !== "haproxy.cfg") continue;
    const old = name === "haproxy.cfg" ? file : folder + name;
    const kind = name === "haproxy.cfg" ? "file or pipe" : "file";
    const before = await readGiven(old, kind).catch((error) => {
      if (name !== "haproxy.cfg" && error instanceof Deno.errors.NotFound) return "";
      throw wrongUsage(
        `cannot read --diff "${old}": ${messageOf(error)}, expected a config that was rendered before`,
      );
    });
    const [was, is] = [shownText(name, before), shownText(name, text, before)];
    if (was !== is) parts.push(patchOf({ name: old, text: was }, { name: `rendered/${name}`, text: is }));
  }
  return parts.join("");
}

async function writeOutput(output: string, set: FileSet): Promise<void> {
  const found = await Deno.stat(output).catch(() => undefined);
  const isFolder = output.endsWith("/") || found?.isDirectory === true;
  const path = isFolder ? `${output.replace(/\/$/, "")}/haproxy.cfg` : output;
  const name = path.split("/").at(-1) ?? "";
  if (name === "" || (name !== "haproxy.cfg" && set.files.has(name))) {
    throw wrongUsage(`--output is "${output}", expected FOLDER/ or a name that no other file of the set has`);
  }
  if (!isFolder && found?.isFile === false) {
    throw wrongUsage(`--output "${output}" is no regular file; without --output, haproxy.cfg is printed`);
  }
  try {
    copyFiles(set, path, "links");
  } catch (error) {
    throw failed(`cannot write --output "${output}": ${messageOf(error)}`);
  }
}
