import { systemClock, TimeLimit } from "../clock.ts";
import { isPublicAuthority, wantedOf } from "../core/acme/wanted.ts";
import type { Model } from "../core/model/model.ts";
import type { Settings } from "../core/settings/settings.ts";
import { count } from "../core/values/count.ts";
import { messageOf } from "../core/values/message_of.ts";
import { checkOwnFolder } from "../haproxy/files/trusted_path.ts";
import { isAcmeOn } from "../core/settings/acme_values.ts";
import { certificatesOf, storageOf, thumbprintOf } from "./acme.ts";
import type { Check } from "./check.ts";
import { authorityClient } from "./open/open_acme.ts";

/** A clock that is further off than this makes certificates that are not valid yet, in milliseconds. */
const MOST_OFF_MS = 300_000;
const ANSWER_LIMIT_MS = 10_000;
/** How many hosts the check looks at. */
const MOST_HOSTS = 20;

/** Whether certificates can be fetched: the storage, the authorities, our clock, and where names lead. */
export async function checkAcme(
  settings: Settings,
  { isRunning, model }: { readonly isRunning: boolean; readonly model: () => Promise<Model | undefined> },
): Promise<Check[]> {
  if (!isAcmeOn(settings)) return [];
  const authorities = await Promise.all(settings.acmeDirectories.map((url) => checkAuthority(url, settings)));
  return [
    await checkStorage(settings),
    ...authorities,
    ...settings.acmeDnsHook === undefined ? [checkPort(settings)] : [],
    // Without a signalbox nobody answers at any name.
    ...isRunning && settings.acmeDnsHook === undefined ? await checkNames(settings, await model()) : [],
  ];
}

async function checkStorage(settings: Settings): Promise<Check> {
  const name = "folder of certificates";
  const remedy = "name a folder of your own that can be written and outlives a boot with --acme-storage";
  try {
    const folder = storageOf(settings);
    for (const each of [folder, certificatesOf(folder)]) checkOwnFolder(each);
    if (/^\/(?:run|tmp|dev\/shm)\//.test(folder)) {
      return {
        name,
        isGood: false,
        detail: `${folder} is lost at a boot, and limits of authorities are soon met`,
        remedy,
      };
    }
    const found = await Deno.stat(folder).catch(() => undefined);
    if (found === undefined) {
      return { name, isGood: true, detail: `${folder} is not there yet: run makes it` };
    }
    const probe = `${folder}/.doctor-${crypto.randomUUID().slice(0, 8)}`;
    await Deno.writeFile(probe, new Uint8Array(65_536), { createNew: true, mode: 0o600 });
    await Deno.remove(probe);
    await thumbprintOf(settings);
    return { name, isGood: true, detail: `${folder} can be written` };
  } catch (error) {
    return { name, isGood: false, detail: messageOf(error), remedy };
  }
}

async function checkAuthority(url: string, settings: Settings): Promise<Check> {
  const name = `authority at ${new URL(url).host}`;
  const remedy = "let this machine reach it, or name another one with --acme-directory";
  using limit = new TimeLimit(systemClock, ANSWER_LIMIT_MS, () => new Error("no answer in 10 s"));
  try {
    const client = await authorityClient(settings);
    const response = await fetch(url, { signal: limit.signal, ...client !== undefined && { client } });
    await response.body?.cancel();
    client?.close();
    if (!response.ok) return { name, isGood: false, detail: `it answers ${response.status}`, remedy };
    const offMs = Math.abs(Date.parse(response.headers.get("date") ?? "") - systemClock.date().getTime());
    return offMs > MOST_OFF_MS
      ? {
        name,
        isGood: false,
        detail: `it answers, and our clock is ${count(Math.round(offMs / 60_000), "minute")} off`,
        remedy: "set this machine's clock",
      }
      : { name, isGood: true, detail: "it answers, and our clock is right" };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { name, isGood: false, detail: messageOf(cause), remedy };
  }
}

function checkPort({ httpPort, httpsPort, bind, acmeChallenge }: Settings): Check {
  const isTls = acmeChallenge === "tls-alpn-01";
  const authorities = isTls
    ? "authorities and clients ask at port 443"
    : "authorities ask at port 80, clients at 443";
  const others = [
    ...httpPort === 80 || isTls ? [] : [`port 80 to --http-port ${httpPort}`],
    ...httpsPort === 443 ? [] : [`port 443 to --https-port ${httpsPort}`],
  ];
  const isInner = bind !== undefined && /^(?:127[.]|::1$)/.test(bind);
  // What forwards is not seen from here: nothing is wrong for sure.
  const unseen = "which doctor cannot see";
  const detail = isInner
    ? `authorities ask at port ${
      isTls ? 443 : 80
    }, and --bind ${bind} is for this machine alone: something has to forward to it, ${unseen}`
    : others.length === 0
    ? `${authorities}, where HAProxy listens`
    : `${authorities}: something has to forward ${others.join(", and ")}, ${unseen}`;
  return { name: "port of authorities", isGood: true, detail };
}

/** Where the names of routed hosts lead. */
async function checkNames(settings: Settings, model: Model | undefined): Promise<Check[]> {
  const known = await thumbprintOf(settings).catch(() => undefined);
  if (model === undefined || known === undefined) return [];
  const thumbprint = settings.acmeChallenge === "tls-alpn-01" ? undefined : known;
  const isPrivate = !settings.acmeDirectories.some(isPublicAuthority);
  const wants = wantedOf(model, () => true, { mode: settings.acme, isPrivate, hasDns: false });
  const hosts = wants.flatMap(({ hosts }) => hosts).slice(0, MOST_HOSTS);
  const { whyNoHttps, whyNotOurs } = await import("../acme/own_name.ts");
  const looked = await Promise.all(
    hosts.map((host) => whyNotOurs(host, { thumbprint, clock: systemClock }, new AbortController().signal)),
  );
  const closed = await Promise.all(hosts.map((host) => whyNoHttps(host, systemClock)));
  if (hosts.length === 0) return [];
  const check = (name: string, remedy: string, found: readonly (string | undefined)[]): Check => {
    const whys = found.filter((why) => why !== undefined);
    const looked = `${count(hosts.length, "host")} looked at`;
    return whys.length === 0
      ? { name, isGood: true, detail: `${looked}: none leads elsewhere` }
      : { name, isGood: false, detail: `${whys.length} of ${looked}: ${whys.join("; ")}`, remedy };
  };
  const names = check("names of hosts", "let the name's A and AAAA records lead to this machine", looked);
  const https = check(
    "HTTPS of hosts",
    "have HAProxy listen there (--bind, --https-port), or forward to it",
    closed,
  );
  // What is not refused here may still be closed elsewhere.
  return https.isGood ? [names] : [names, https];
}
