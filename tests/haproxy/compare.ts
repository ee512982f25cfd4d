/** What an HAProxy has, in a form in which two of them can be compared. */
import assert from "node:assert/strict";
import { leadsInside } from "../../lib/core/values/listen.ts";
import type { ServerName } from "../../lib/core/values/names.ts";
import { ledTo, targetOf } from "../../lib/core/runtime/route_value.ts";
import { HOSTS_MAP, type TableValue } from "../../lib/core/values/table.ts";
import type { Wanted } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { kill } from "./kill.ts";
import { onStage, send, type Stage, type StageRequest } from "./stage.ts";

/** The columns of `show servers state` that may differ between an HAProxy that was changed and one that was started. */
const MAY_DIFFER: Readonly<Record<string, string>> = {
  be_id:
    "sections are numbered in the order of the file, and a spare stands elsewhere than a section of its own",
  srv_iweight: "the weight that a server began with: commands change the one that counts, srv_uweight",
  srv_time_since_last_change: "the one runs longer than the other",
  srv_check_status:
    "each process checks by its own clock: it says what the last check found, if there was one",
  srv_check_result: "as srv_check_status",
  srv_check_health: "as srv_check_status: it counts the checks that went well or badly so far",
};
/** The same for servers whose certificate is checked. */
const MAY_DIFFER_WHERE_VERIFIED: Readonly<Record<string, string>> = {
  ...MAY_DIFFER,
  srv_op_state:
    "as srv_check_status: the test's certificate, which signed itself, is refused once the first check is done",
};
/** The same for servers whose share grows when they join, and is whole at once where HAProxy starts with them. */
const MAY_DIFFER_WHERE_SLOW: Readonly<Record<string, string>> = {
  ...MAY_DIFFER,
  srv_op_state: "starting, until the share is whole",
};
/**
 * Bits of srv_check_state that may differ. 1: a check is under way at this very moment. In maintenance, 8: the check is
 * paused, which it is not if the server was ready before; 4: there is a check, which begins with the traffic if the
 * server was added.
 */
const CHECK_UNDER_WAY = 1;
const CHECK_OF_MAINTENANCE = 8 | 4;

/** Servers, routes and rows of other tables, a line each, spares under the name of the backend that they serve. */
export type State = {
  readonly servers: readonly string[];
  readonly routes: readonly string[];
  readonly rows: readonly string[];
};

/** Reads what the HAProxy of a stage has. */
export async function readState(stage: Stage): Promise<State> {
  const owners = new Map(
    [...stage.applier.running?.bindings ?? []].map(([backend, spare]) => [spare, backend]),
  );
  // Right after a reload, once in a thousand, an old worker answers that has not heard yet that it is to go.
  const tables = [...stage.applier.running?.tables.keys() ?? []].filter((table) => table !== HOSTS_MAP);
  const questions = ["show servers state", ...[HOSTS_MAP, ...tables].map((table) => `show map ${table}`)];
  const [servers = "", map = "", ...maps] = await eventually(async () => {
    const [info = "", ...state] = await send(stage, "show info", ...questions);
    return Number(/^description: generation-(\d+)$/m.exec(info)?.[1]) >= stage.generation() && state;
  }, { what: "an answer of the worker that was loaded last" });
  const sections = [...stage.applier.running?.sections.values() ?? []];
  const lines = new Map(sections.flatMap((section) => [...section.servers]));
  const hasWord = (name = "", word: string) =>
    lines.get(name as ServerName)?.line.includes(` ${word} `) === true;
  return {
    // Where TLS ends for hosts of TCP, the way between stays with its port until the next reload, and the one to HTTPS longer.
    // So does a server that has a name, and no route any more.
    servers: rows(servers).filter((row) => !leadsInside(row["be_name"] ?? "") && !isLeft(row)).map(
      (row) => {
        const mayDiffer = hasWord(row["srv_name"], "ca-file")
          ? MAY_DIFFER_WHERE_VERIFIED
          : hasWord(row["srv_name"], "slowstart")
          ? MAY_DIFFER_WHERE_SLOW
          : MAY_DIFFER;
        return describe(row, owners, mayDiffer);
      },
    ).sort(),
    routes: map.trim().split("\n").filter((line) => line !== "").map((line) => {
      const [, key = "", value = ""] = line.split(" ");
      const section = targetOf(value as TableValue);
      return `${key} ${ledTo(value as TableValue, owners.get(section) ?? section)}`;
    }).sort(),
    rows: maps.flatMap((map, at) =>
      map.trim().split("\n").filter((line) => line !== "").map((line) =>
        `${tables[at]} ${line.slice(line.indexOf(" ") + 1)}`
      )
    ).sort(),
  };
}

function rows(text: string): Record<string, string>[] {
  const lines = text.split("\n").filter((line) => line.includes(" "));
  const header = lines.shift()?.replace("# ", "").trim().split(" ") ?? [];
  assert.ok(header.includes("srv_admin_state"), `this is not what HAProxy says of its servers: ${text}`);
  return lines.map((line) =>
    Object.fromEntries(line.trim().split(" ").map((word, at) => [header[at] ?? "", word]))
  );
}

const isLeft = (row: Readonly<Record<string, string>>): boolean =>
  row["srv_fqdn"] !== "-" && (Number(row["srv_admin_state"]) & 1) !== 0;

function describe(
  row: Readonly<Record<string, string>>,
  owners: ReadonlyMap<string, string>,
  mayDiffer: Readonly<Record<string, string>>,
): string {
  return Object.entries(row).filter(([column]) => mayDiffer[column] === undefined).map(([column, value]) => {
    if (column === "be_name") return owners.get(value) ?? value;
    if (column === "srv_check_state") {
      const bits = CHECK_UNDER_WAY | (row["srv_admin_state"] === "1" ? CHECK_OF_MAINTENANCE : 0);
      return `${column}=${Number(value) & ~bits}`;
    }
    return `${column}=${value}`;
  }).join(" ");
}

/**
 * What HAProxy has once it was killed and started from the files that lie on the disk, as it then is, before anything is
 * said to it. Where another signalbox wrote the files, this one has to read them first: `adopt` makes it do so.
 */
export async function stateFromDisk(stage: Stage, adopt?: () => Promise<unknown>): Promise<State> {
  await kill(stage);
  stage.applier.forgetCommands(true);
  if (stage.applier.running === undefined) await adopt?.();
  assert.ok(stage.applier.running !== undefined);
  return await readState(stage);
}

/** What an HAProxy has that is started from nothing with what is wanted. */
export async function freshState(
  program: HaproxyProgram,
  request: StageRequest,
  want: (stage: Stage) => Wanted,
): Promise<State> {
  return await onStage(program, request, async (stage) => {
    await stage.apply(want(stage));
    return await readState(stage);
  });
}
