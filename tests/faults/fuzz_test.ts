/**
 * Hostile containers, made by the hundred from seeds: every haproxy that is here loads their config without a word, and
 * HAProxy's own reading of it (`-dC`, from 2.9 on) holds nothing that the model did not ask for. SIGNALBOX_FUZZ=5000
 * tries so many seeds, from SIGNALBOX_FUZZ_SEED on.
 */
import assert from "node:assert/strict";
import { NO_CERTIFICATES } from "../../lib/core/certificates/certificate.ts";
import { namedFiles } from "../../lib/core/config/named_files.ts";
import { buildModel } from "../../lib/core/model/build_model.ts";
import type { HaproxyVersion } from "../../lib/core/keys/backend_option.ts";
import { renderDesired } from "../../lib/core/config/render.ts";
import { compileTemplates } from "../../lib/core/config/templates.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { strangeLines, strangeRows } from "../core/config_lines.ts";
import { port, SETTINGS } from "../core/containers.ts";
import { GOOD, hostileContainers } from "../core/hostile.ts";
import { haproxies, type HaproxyProgram } from "../harness/haproxies.ts";

/** Containers in one config, since a run of haproxy costs more than a hundred backends. */
const AT_ONCE = 100;
const SEEDS = Number(Deno.env.get("SIGNALBOX_FUZZ") ?? 40);
const FIRST_SEED = Number(Deno.env.get("SIGNALBOX_FUZZ_SEED") ?? 1_000);

const MODES = ["auto", "container", "published"] as const;
const templates = compileTemplates({});

function flow(seed: number, version: HaproxyVersion) {
  const snapshot = decodeSnapshot(JSON.stringify([GOOD, ...hostileContainers(seed, AT_ONCE)]));
  assert.ok(snapshot.ok);
  // The three ways to an address in turn: each reads other fields of what a container is.
  const address = { ...SETTINGS.address, mode: MODES[seed % MODES.length] ?? "auto" };
  const tcpPorts = [{ first: port(1), last: port(65_535) }];
  const settings = { ...SETTINGS, address, tcpPorts, haproxyVersion: version, addBackends: seed % 2 === 0 };
  const { model } = buildModel(snapshot.value, settings);
  // The operator has given no folder with the files that they name.
  return renderDesired(namedFiles(model, NO_CERTIFICATES).model, templates, settings);
}

async function load(haproxy: HaproxyProgram, folder: string, flags: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(haproxy.path, {
    args: ["-c", ...flags, "-f", `${folder}/haproxy.cfg`],
    stdin: "null",
    // As signalbox gives them: -dC of 3.2.26 warns of variables that a config sets and unsets itself.
    env: { SIGNALBOX_CONNECTIONS: "2080", SIGNALBOX_STREAMS: "20", SIGNALBOX_COOKIE_KEY: "none" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stderr).trim(), out: decoder.decode(stdout) };
}

/** The config in what `haproxy -dC -c` prints: from 3.2 on it comes once for each time that it was read. */
function asRead(dump: string): string {
  return dump.slice(dump.search(/^global *\n(?![^]*^global *\n)/m)).replace(
    /^Configuration file (?:is|has) .*$/m,
    "",
  );
}

for (const haproxy of await haproxies()) {
  Deno.test(`haproxy ${haproxy.version} loads what ${SEEDS * AT_ONCE} hostile containers ask for, without a word`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "signalbox-fuzz-" });
    const [major = 0, minor = 0] = haproxy.version.split(".").map(Number);
    const canDump = major > 2 || minor >= 9;
    let backends = 0;
    try {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
        const { model, files, tables } = flow(seed, [major, minor]);
        backends += model.backends.length;
        for (const [name, text] of files) await Deno.writeTextFile(`${folder}/${name}`, text);
        const { code, said } = await load(haproxy, folder, []);
        assert.deepEqual({ code, said }, { code: 0, said: "" }, `seed ${seed}`);
        assert.deepEqual(strangeLines(files.get("haproxy.cfg") ?? "", model), [], `seed ${seed}`);
        assert.deepEqual(strangeRows(tables, model), [], `seed ${seed}`);
        if (!canDump) continue;
        const { out } = await load(haproxy, folder, ["-dC"]);
        assert.deepEqual(strangeLines(asRead(out), model), [], `seed ${seed}, as HAProxy reads it`);
      }
      assert.ok(backends > SEEDS * AT_ONCE / 10, "some of what was asked for was taken");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
