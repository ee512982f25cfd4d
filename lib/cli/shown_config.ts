import { shownText } from "../core/config/hide_secrets.ts";
import type { FileName } from "../core/config/render.ts";
import type { ShownConfig } from "../core/status/shown_config.ts";
import type { ExternalHaproxy } from "../haproxy/external_haproxy.ts";
import { OwnedHaproxy } from "../haproxy/owned_haproxy.ts";
import { patchOf } from "./patch.ts";

/** Files of a set that people may see: process.cfg and certificates have secrets, servers.state is HAProxy's. */
const SHOWN = /^(?:haproxy\.cfg|[a-z0-9_-]+\.(?:map|lua))$/;
/** What is shown of a set of files, in characters; more would hold up a browser. */
const MOST_TEXT = 4_000_000;

/** The configuration of an HAProxy, and what the last change made of it. */
export async function shownConfigOf(haproxy: OwnedHaproxy | ExternalHaproxy): Promise<ShownConfig> {
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
export async function readShownConfig(folder: string, before: string | undefined): Promise<ShownConfig> {
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
  const patches = old.size === 0 ? [] : names.flatMap((name) => {
    const [was = "", is = ""] = [old.get(name), now.get(name)];
    if (was === is) return [];
    const text = shownText(name as FileName, is, was);
    return [patchOf({ name, text: shownText(name as FileName, was) }, { name, text })];
  });
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
