import { nameOf } from "../runtime/server_line.ts";
import type { SectionName } from "../runtime/operation.ts";
import type { Running, RunningSection, RunningServer } from "../state/running.ts";
import type { ServerName } from "../values/names.ts";
import type { ReloadReason } from "./reload_reason.ts";

/** Why `add server` cannot add a server with this line, where it adds others (tried on 2.6 to 3.4). */
export function whyNotAdded(
  running: Running,
  section: SectionName,
  server: ServerName,
  line: string,
): ReloadReason | undefined {
  const host = nameOf(line);
  if (host !== undefined) return { kind: "cannot-add", server, section, host };
  // HAProxy reads a file of authorities when it loads a config, not for `add server`.
  return namesAuthorities(line) && ![...running.sections.values()].some(hasAuthorities)
    ? { kind: "first-authorities", server }
    : undefined;
}

/** Whether no command deletes a server, nor its backend: HAProxy would go on finding out where its name leads. */
export const isForGood = ({ line }: RunningServer): boolean => nameOf(line) !== undefined;

/** Those of the system: those of a folder come by commands. */
const namesAuthorities = (line: string): boolean => / ca-file (?!certs[.]d\/)/.test(line);

const hasAuthorities = ({ servers }: RunningSection): boolean =>
  [...servers.values()].some(({ line }) => namesAuthorities(line));
