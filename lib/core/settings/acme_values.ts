import { expected, type Parsed, parsed } from "../values/notice.ts";

/** Which hosts get certificates by themselves. */
export type AcmeMode = "all" | "opt-in" | "off";

/** Whether certificates are fetched. */
export const isAcmeOn = (
  { acmeEmail, acme }: { readonly acmeEmail: string | undefined; readonly acme: AcmeMode },
): boolean => acmeEmail !== undefined && acme !== "off";

/** Let's Encrypt's directory. */
export const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

/** What ties an account to one that the authority has already (external account binding, RFC 8555, 7.3.4). */
export type Eab = { readonly kid: string; readonly key: string };

/** Reads `--acme`. */
export function parseAcmeMode(text: string): Parsed<AcmeMode> {
  return text === "all" || text === "opt-in" || text === "off"
    ? parsed(text)
    : expected("all, opt-in or off");
}

/** How an authority finds out whether a host is ours, where no record of the DNS proves it (RFC 8555, 8.3; RFC 8737). */
export type AcmeChallenge = "http-01" | "tls-alpn-01";

/** Whether authorities look at the port of HTTPS. */
export const isTlsAlpnOn = (
  settings: Parameters<typeof isAcmeOn>[0] & { readonly acmeChallenge: AcmeChallenge },
): boolean => isAcmeOn(settings) && settings.acmeChallenge === "tls-alpn-01";

/** Reads `--acme-challenge`. */
export function parseAcmeChallenge(text: string): Parsed<AcmeChallenge> {
  return text === "http-01" || text === "tls-alpn-01" ? parsed(text) : expected("http-01 or tls-alpn-01");
}

/** Reads an address of mail, as a `mailto:` has it. */
export function parseEmail(text: string): Parsed<string> {
  return text.length <= 254 &&
      /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/.test(text)
    ? parsed(text)
    : expected("an address such as me@example.com");
}

/** Reads the URL of an authority's directory. */
export function parseDirectory(text: string): Parsed<string> {
  const url = /^https:\/\/[!-~]{1,2000}$/.test(text) ? URL.parse(text) : null;
  return url === null || url.username !== "" || url.hash !== ""
    ? expected("the https:// address of an authority's directory")
    : parsed(url.href);
}

/** Reads the name of a kind of certificates (draft-ietf-acme-profiles, 3). */
export function parseAcmeProfile(text: string): Parsed<string> {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text)
    ? parsed(text)
    : expected("a name of the authority's profiles, such as shortlived");
}

/** Reads the two words that an authority gives for external account binding. */
export function parseEab(text: string): Parsed<Eab> {
  const [, kid, key] = /^([!-9;-~]{1,500}):([A-Za-z0-9_-]{1,1000})=*$/.exec(text) ?? [];
  return kid === undefined || key === undefined
    ? expected("the id and the key (base64url) that the authority gave, with a colon between them")
    : parsed({ kid, key });
}
