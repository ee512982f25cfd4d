/** Words of Interlock 1.x that ask for nothing here, and why: who moves from it has them still. */
const FORMER: ReadonlyMap<string, string> = new Map([
  ["ssl", "HAProxy serves each host by HTTPS too, once it has a certificate (--tls-cert, --acme-email)"],
  ["ssl_cert_key", "HAProxy finds the key beside its certificate, in the folder of --tls-cert"],
  ["websocket_endpoint", "HAProxy lets WebSockets through on every path"],
  ["websocket_endpoints", "HAProxy lets WebSockets through on every path"],
]);

/** Why a key of INTERLOCK_DATA is not needed; `undefined` for any that Interlock did not have, or that says something here. */
export const whyNotNeeded = (name: string): string | undefined => FORMER.get(name);

/** The same of a label, by what stands behind its prefix: `KEY`, `KEY.N`, `NAME.KEY` or `NAME.KEY.N`. */
export function whyLabelNotNeeded(rest: string): string | undefined {
  const words = rest.replace(/[.][0-9]{1,6}$/, "").split(".");
  return words.length > 2 ? undefined : whyNotNeeded(words.at(-1) ?? "");
}
