import type { AcmeAgent } from "../../acme/agent.ts";
import { systemClock } from "../../clock.ts";
import type { TlsAlpn } from "../../acme/tls_alpn.ts";
import type { LiveCertificates } from "../../certificates/live_certificates.ts";
import type { FoundCertificates } from "../../core/certificates/certificate.ts";
import { isPublicAuthority, namesFor, type Want, wantedOf } from "../../core/acme/wanted.ts";
import type { Backend } from "../../core/model/model.ts";
import type { LoopState } from "../../core/status/status.ts";
import { sha256 } from "../../core/values/sha256.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { checkOwnFolder } from "../../haproxy/files/trusted_path.ts";
import { VERSION } from "../../version.ts";
import { isAcmeOn, isTlsAlpnOn } from "../../core/settings/acme_values.ts";
import { certificatesOf, storageOf } from "../acme.ts";
import { failed, wrongUsage } from "../failure.ts";
import { absolute } from "../absolute.ts";
import type { Settings } from "../../core/settings/settings.ts";
import type { RunContext } from "./run_context.ts";

/** Makes the account's key where there is none, since the config has its thumbprint. Throws Failure. */
export async function prepareAcme(settings: Settings): Promise<void> {
  if (!isAcmeOn(settings)) return;
  const folder = storageOf(settings);
  // Each boot would ask authorities for all certificates again, until they refuse to give more.
  if (/^\/(?:var\/)?run(?:\/|$)/.test(folder)) {
    throw failed(
      `cannot keep certificates in ${folder}, which a boot empties, expected another --acme-storage`,
    );
  }
  const { AcmeStorage } = await import("../../acme/storage.ts");
  try {
    for (const each of [folder, certificatesOf(folder)]) checkOwnFolder(each);
    await new AcmeStorage(folder).accountKey();
  } catch (error) {
    throw failed(
      `cannot use the folder of certificates ${folder}: ${
        messageOf(error)
      }, expected --acme-storage with a folder of ` +
        "our own that can be written",
    );
  }
}

/** What fetches certificates, and how it hears what HAProxy serves. */
export type OpenedAcme = {
  readonly agent: AcmeAgent;
  readonly publish: (state: LoopState) => void;
  /** Reads the file of `--acme-ca` again. Throws Failure where it cannot be used: the one before stays. */
  readonly reread: () => Promise<void>;
};

/** What answers authorities at the port of HTTPS; `undefined` where they do not look there. */
export async function openTlsAlpn(settings: Settings): Promise<TlsAlpn | undefined> {
  if (!isTlsAlpnOn(settings)) return undefined;
  return new (await import("../../acme/tls_alpn.ts")).TlsAlpn(systemClock);
}

/** Opens what fetches certificates; `undefined` where none are. Throws Failure. */
export async function openAcme(
  { settings, report, stateDir }: RunContext,
  certificates: Pick<LiveCertificates, "now">,
  tlsAlpn: TlsAlpn | undefined,
): Promise<OpenedAcme | undefined> {
  const { acmeEmail: email } = settings;
  if (!isAcmeOn(settings) || email === undefined) return undefined;
  const [{ AcmeAgent }, { AcmeStorage }, { whyNotOurs }] = await Promise.all([
    import("../../acme/agent.ts"),
    import("../../acme/storage.ts"),
    import("../../acme/own_name.ts"),
  ]);
  const storage = new AcmeStorage(storageOf(settings));
  const key = await storage.accountKey();
  const directory = new DirectoryTrust(settings, await readCa(settings));
  const hook = settings.acmeDnsHook;
  const dns = hook === undefined
    ? undefined
    : new (await import("../../acme/dns_hook.ts")).DnsHook(hook, systemClock);
  const isPrivate = !settings.acmeDirectories.some(isPublicAuthority);
  // An authority that looks before HAProxy serves would find nobody.
  let served: LoopState | undefined;
  const agent = new AcmeAgent({
    storage,
    identity: { key, email, eab: settings.acmeEab },
    directories: settings.acmeDirectories,
    get settings() {
      return directory.digest;
    },
    profile: settings.acmeProfile,
    clock: systemClock,
    version: VERSION,
    get client() {
      return directory.client;
    },
    report,
    holder: await holderOf(stateDir),
    wants: () =>
      served === undefined
        ? []
        : wantsOf(served, { mode: settings.acme, isPrivate, hasDns: dns !== undefined }),
    proof: dns ?? tlsAlpn,
    isGiven: (host) => isGiven(host, certificates.now),
    whyNotOurs: (host, signal) =>
      settings.acmeUnchecked || dns !== undefined ? Promise.resolve(undefined) : whyNotOurs(host, {
        thumbprint: tlsAlpn === undefined ? key.thumbprint : undefined,
        clock: systemClock,
      }, signal),
  });
  const publish = (state: LoopState) => {
    if (!state.hasConfig || state.trouble !== undefined) return;
    served = state;
    agent.wake();
  };
  const reread = async () => {
    if (directory.change(await readCa(settings))) agent.wake();
  };
  return { agent, publish, reread };
}

function wantsOf({ model, waiting }: LoopState, settings: Parameters<typeof wantedOf>[2]): Want[] {
  const isReady = ({ servers }: Backend) =>
    servers.some(({ name, gate }) => gate === "open" && !waiting.has(name));
  return model === undefined ? [] : wantedOf(model, isReady, settings);
}

/** Whether a host has a certificate of the operator's that is valid now. */
function isGiven(host: string, { certificates }: FoundCertificates): boolean {
  const atMs = systemClock.date().getTime();
  const names = namesFor(host);
  return certificates.some(({ origin, validFrom, validTo, names: own }) =>
    origin === "file" && validFrom <= atMs && atMs < validTo && names.some((name) => own.includes(name))
  );
}

/** By whom a directory's own certificate may be, and all that authorities are asked with. */
class DirectoryTrust {
  client: Deno.HttpClient | undefined;

  constructor(private readonly settings: Settings, private ca: string | undefined) {
    this.client = clientFor(ca);
  }

  /** A digest of it: whoever mends it need not wait for what failed before. */
  get digest(): string {
    const { acmeDirectories, acmeEmail, acmeEab = null, acmeProfile = null } = this.settings;
    return sha256(JSON.stringify([acmeDirectories, acmeEmail, acmeEab, acmeProfile, this.ca ?? null]));
  }

  /** Trusts other authorities from now on; answers whether they are others. Throws where the text is none. */
  change(ca: string | undefined): boolean {
    if (ca === this.ca) return false;
    // What is under way goes on with the client before.
    this.client = clientFor(ca);
    this.ca = ca;
    return true;
  }
}

/** What connects to authorities; `undefined` for the usual. Throws Failure. */
export const authorityClient = async (
  settings: Pick<Settings, "acmeCa">,
): Promise<Deno.HttpClient | undefined> => clientFor(await readCa(settings));

const clientFor = (ca: string | undefined): Deno.HttpClient | undefined =>
  ca === undefined ? undefined : Deno.createHttpClient({ caCerts: [ca] });

async function readCa({ acmeCa }: Pick<Settings, "acmeCa">): Promise<string | undefined> {
  if (acmeCa === undefined) return undefined;
  return await Deno.readTextFile(absolute(acmeCa)).catch((error) => {
    throw wrongUsage(`cannot read --acme-ca "${acmeCa}": ${messageOf(error)}`);
  });
}

/** A name that a signalbox keeps as long as its state directory, so that it knows its own lease after a crash. */
async function holderOf(stateDir: string): Promise<string> {
  const path = `${stateDir}/acme-name`;
  const before = await Deno.readTextFile(path).catch(() => "");
  if (/^[A-Za-z0-9.-]{1,100}$/.test(before)) return before;
  const name = `${Deno.hostname().replace(/[^A-Za-z0-9.-]/g, "").slice(0, 60)}-${
    crypto.randomUUID().slice(0, 8)
  }`;
  await Deno.writeTextFile(path, name, { mode: 0o600 });
  return name;
}
