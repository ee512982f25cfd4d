import { shownText } from "../core/config/hide_secrets.ts";
import type { FileName } from "../core/config/render.ts";
import type { Built } from "../core/model/build_model.ts";
import { verdictsOf } from "../core/model/verdict.ts";
import { parseRequest } from "../core/request/client_request.ts";
import { findInForce } from "../core/status/in_force.ts";
import type { PageAnswers, ShownConfig, TriedRequest, TriedWords } from "../core/status/page_answers.ts";
import { serverReader } from "../core/status/server_status.ts";
import { requestInWords, tellRequest } from "../core/status/told_request.ts";
import type { ExternalHaproxy } from "../haproxy/external_haproxy.ts";
import { OwnedHaproxy } from "../haproxy/owned_haproxy.ts";
import type { Controller } from "../loop/controller.ts";
import type { LiveRouting } from "./live_routing.ts";
import { patchInParts } from "./patch.ts";

/** Files of a set that people may see: process.cfg and certificates have secrets, servers.state is HAProxy's. */
const SHOWN = /^(?:haproxy\.cfg|[a-z0-9_-]+\.(?:map|lua))$/;
/** What is shown of a set of files, in characters; more would hold up a browser. */
const MOST_TEXT = 4_000_000;

/** What the page asks for, of a loop and its HAProxy. */
export function pageAnswers(
  controller: Pick<Controller, "state">,
  haproxy: OwnedHaproxy | ExternalHaproxy,
  routing: Pick<LiveRouting, "now">,
): PageAnswers {
  return {
    config: () => shownConfigOf(haproxy),
    tryRequest: (words) => {
      const { state } = controller;
      return state.built === undefined
        ? { trouble: "no container was read yet" }
        : tryRequest(words, state.built, { state, routing });
    },
    inForce: (key) => {
      const { built } = controller.state;
      const verdict = built &&
        verdictsOf(built).find(({ hosts }) => hosts.some((route) => route.key === key));
      return built && verdict && findInForce(built)(verdict);
    },
  };
}

function tryRequest(
  { url, method, headers, from }: TriedWords,
  built: Built,
  { state, routing }: { readonly state: Controller["state"]; readonly routing: Pick<LiveRouting, "now"> },
): TriedRequest {
  const request = parseRequest(url, {
    method: method || undefined,
    headers: headers.split("\n").map((line) => line.trim()).filter((line) => line !== ""),
    from: from || undefined,
  });
  if (!request.ok) return { trouble: `expected ${request.expected}` };
  // Whoever sees the page could guess passwords here, where nobody counts the guesses.
  if (request.value.headers.some(({ name }) => name.toLowerCase() === "authorization")) {
    return { trouble: "the page tries no passwords; signalbox explain does" };
  }
  const { waiting, trouble, spaced } = state;
  const read = serverReader({ waiting, trouble, spaced }, true, new Map());
  const told = tellRequest(request.value, {
    built,
    world: routing.now.design.render(built.model),
    lifeOf: (_, server) => {
      const { state, why } = read(server);
      return state === "ready" ? { isReady: true } : { isReady: false, why: why ?? `it is ${state}` };
    },
  });
  return { ways: told.map(requestInWords) };
}

/** The configuration of an HAProxy, and what the last change made of it. */
async function shownConfigOf(haproxy: OwnedHaproxy | ExternalHaproxy): Promise<ShownConfig> {
  if (haproxy instanceof OwnedHaproxy) {
    return await readShownConfig(haproxy.store.current, haproxy.store.previous);
  }
  const { config } = haproxy.settings;
  const shown = await readShownConfig(config.slice(0, config.lastIndexOf("/")), undefined);
  return {
    ...shown,
    files: [{ name: "haproxy.cfg", text: await Deno.readTextFile(config) }, ...shown.files],
  };
}

/** Reads the set of files in a folder, and compares it with the one in another folder. */
async function readShownConfig(folder: string, before: string | undefined): Promise<ShownConfig> {
  const now = await readSet(folder);
  const old = before === undefined ? new Map<string, string>() : await readSet(before).catch(() => new Map());
  let room = MOST_TEXT;
  const files = [...now].map(([name, text]) => {
    const shown = shownText(name as FileName, text);
    const part = shown.length <= room ? shown : `${shown.slice(0, room)}\n… and more`;
    room = Math.max(0, room - shown.length);
    return { name, text: part };
  });
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  const patches: string[] = [];
  for (const name of old.size === 0 ? [] : names) {
    const [was = "", is = ""] = [old.get(name), now.get(name)];
    if (was === is) continue;
    const text = shownText(name as FileName, is, was);
    patches.push(await patchInParts({ name, text: shownText(name as FileName, was) }, { name, text }));
  }
  return { files, diff: patches.join("") };
}

async function readSet(folder: string): Promise<Map<string, string>> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).filter((name) =>
    SHOWN.test(name)
  );
  const texts = await Promise.all(
    names.sort().map(async (name) => [name, await Deno.readTextFile(`${folder}/${name}`)] as const),
  );
  return new Map(texts);
}
