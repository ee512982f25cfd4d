/** What docs/observing says to do where a container is not routed: for the reasons that there are, and with the line that helps. */
import assert from "node:assert/strict";
import { buildModel } from "../../lib/core/model/build_model.ts";
import { verdictsOf } from "../../lib/core/model/verdict.ts";
import { choosePort } from "../../lib/core/model/choose_port.ts";
import type { ContainerView } from "../../lib/core/snapshot/snapshot.ts";
import type { Port } from "../../lib/core/values/names.ts";
import { lineToAdd } from "../../lib/core/status/line_to_add.ts";
import { container, SETTINGS, tcp } from "../core/containers.ts";
import { read } from "./documents.ts";

/** The rows of the table, by what `explain` says; a reason in words, without code, is about many. */
async function advice(): Promise<ReadonlyMap<string, string>> {
  const text = await read("docs/observing.md");
  const [, table = ""] = /^\| `explain` says \|.*\n.*\n((?:\|.*\n)+)/m.exec(text) ?? [];
  return new Map(
    table.trimEnd().split("\n").map((row) => row.slice(2, -2).split(" | ") as [string, string]).filter((
      [says],
    ) => says.startsWith("`")).map(([says, helps]) => [says.replaceAll("`", ""), helps]),
  );
}

const WRONG: Readonly<Record<string, Partial<ContainerView>>> = {
  "names-none": { hostname: "" },
  "shop": { hostname: "shop" },
  "no-port": { exposed: [] },
  "other-port": { labels: { "interlock.port": "9" }, exposed: tcp(8_080) },
  "younger": { createdAt: 5 },
  "sleeps": { status: "paused" },
};

/** Why each of these containers is not served, with the line that would change that. */
function reasons(isOptIn: boolean) {
  const containers = isOptIn ? [container("silent")] : [
    container("older", { labels: { "interlock.alias_domain": "younger.example.com" } }),
    ...Object.entries(WRONG).map(([name, given]) => container(name, given)),
  ];
  const snapshot = { containers, stopping: new Set<never>(), starting: new Set<never>() };
  return verdictsOf(buildModel(snapshot, { ...SETTINGS, isOptIn })).flatMap(({ container, why }) =>
    why === undefined ? [] : [{ why, line: lineToAdd(container, why) }]
  );
}

Deno.test("each reason that docs/observing names is one that explain gives, and what helps is its line", async () => {
  const all = [...reasons(false), ...reasons(true)];
  assert.equal(all.length, Object.keys(WRONG).length + 1, JSON.stringify(all));
  const told = await advice();
  const live = [...told.keys()].filter((says) => says.startsWith("gets no traffic: "));
  const words = await read("lib/probe/try.ts") + await read("lib/core/status/server_status.ts");
  for (const says of live) {
    assert.ok(words.includes(says.replace(/^gets no traffic: (?:[\d.]+:\d+ )?/, "")), says);
  }
  for (const { why, line } of all) {
    const [, helps] = [...told].find(([says]) => why.includes(says)) ?? [];
    assert.ok(helps !== undefined, `no row is about: ${why}`);
    const [word = ""] = /^(?:interlock\.\w+|docker unpause|--expose)/.exec(line ?? "") ?? [];
    // Who has another's host may as well end the other.
    if (!why.endsWith("is gone")) assert.ok(word !== "" && helps.includes(word), `${line}: ${helps}`);
  }
  assert.equal(told.size, all.length + live.length, "each row is about one of them");
});

Deno.test("a port that is named and not declared is the one to declare, unless the network is another container's", () => {
  const named = container("named", { exposed: [], labels: { "interlock.port": "9" } });
  const why = (owner: ContainerView): string => {
    const choice = choosePort(named, owner, 9 as Port);
    return choice.ok ? "" : choice.why;
  };
  assert.equal(lineToAdd(named, why(named)), "--expose 9");
  assert.equal(lineToAdd(named, why(container("db", { exposed: [] }))), undefined);
});
