import { CERTS_LIST } from "../certificates/choose.ts";
import { ANSWER_FILES } from "../certificates/named_file.ts";
import type { Frontend } from "../model/model.ts";
import { formatEndpoint, type IpAddress, type Port } from "../values/names.ts";

/** A listener as it stands after `bind`; one for IPv6 beside one for IPv4 is left out where the machine has no IPv6. */
export type BindLine = {
  readonly text: string;
  readonly isIpv6Twin: boolean;
  /** It is for HTTP/3, and left out by an HAProxy that has none. */
  readonly isQuic?: boolean;
};

/** The listeners of a port, on an address or on all; `suffix` is what they have in common. */
export function bindsOn(address: IpAddress | undefined, port: Port, suffix: string): BindLine[] {
  if (address === "::") return [{ text: `[::]:${port} v4v6${suffix}`, isIpv6Twin: false }];
  if (address !== undefined) {
    return [{ text: `${formatEndpoint(address, port)}${suffix}`, isIpv6Twin: false }];
  }
  return [
    { text: `:${port}${suffix}`, isIpv6Twin: false },
    { text: `:::${port} v6only${suffix}`, isIpv6Twin: true },
  ];
}

/** The listeners for HTTP and HTTPS; `isBehind`: a frontend of TCP has the port of HTTPS, and leads to a socket. */
export function bindLines({ address, httpPort, tls }: Frontend, isBehind = false): BindLine[] {
  const plain = bindsOn(address, httpPort, "");
  if (tls === undefined) return plain;
  return [
    ...plain,
    ...isBehind ? [] : bindsOn(address, tls.port, ` ${tlsOptionsOf(tls)}`),
    ...tls.hasHttp3 ? bindsOn(address, tls.port, ` ${tlsOptionsOf(tls, "h3")}`).map(overQuic) : [],
  ];
}

/** The same listener over QUIC (HAProxy manual, 4.2, `bind`). */
const overQuic = ({ text, isIpv6Twin }: BindLine): BindLine => ({
  text: `${/^(?:\[|::)/.test(text) ? "quic6" : "quic4"}@${text}`,
  isIpv6Twin,
  isQuic: true,
});

/** Where HAProxy ends TLS when a frontend of TCP stands before it: what follows the address of a socket. */
export const innerOptions = ({ tls }: Frontend): string | undefined =>
  tls && `name _https:${tls.port} accept-proxy ${tlsOptionsOf(tls)}`;

/**
 * Where HAProxy answers authorities that look at the port of HTTPS (RFC 8737): what follows the address of a socket. There is one
 * certificate for each host that a client names, and none for others.
 */
export const answerOptions = ({ tls }: Frontend): string | undefined =>
  tls?.answersAuthorities === true
    ? `name _acme:${tls.port} ssl strict-sni ${
      ANSWER_FILES.map((file) => `crt ${file}`).join(" ")
    } alpn acme-tls/1`
    : undefined;

/** What containers speak inside TLS, where clients insist that it is agreed on: PostgreSQL's do (its protocol, "SSL Session Encryption"). */
const TCP_PROTOCOLS = "postgresql,mqtt";

/** The same for hosts of a port for TCP. */
export const innerTcpOptions = (port: Port, tls: NonNullable<Frontend["tls"]>): string =>
  `name inner:${port} accept-proxy ${tlsOptionsOf(tls, TCP_PROTOCOLS)}`;

function tlsOptionsOf({ options, unread }: NonNullable<Frontend["tls"]>, protocols = "h2,http/1.1"): string {
  const extra = options === "" ? "" : ` ${options}`;
  const certificates = unread === undefined ? `crt-list ${CERTS_LIST}` : `crt "${unread}"`;
  return `ssl ${certificates} alpn ${protocols}${extra}`;
}
