import { type IpAddress, parseIp } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";

/** A header of a request. */
export type Header = { readonly name: string; readonly value: string };

/** A request of a client, as it sends it. */
export type ClientRequest = {
  readonly scheme: "http" | "https";
  /** The host of the URL, which TLS names. */
  readonly host: string;
  /** The port that the URL names. */
  readonly port: number | undefined;
  /** The header, as it was sent. */
  readonly hostHeader: string;
  readonly method: string;
  /** As it was sent: nothing is decoded, and no dots are resolved. */
  readonly path: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
  /** All but Host. */
  readonly headers: readonly Header[];
  /** The client's address, where it is known: behind trusted proxies, the one that they say. */
  readonly from: IpAddress | undefined;
};

/** What a request may have beside its URL. */
export type RequestWords = {
  readonly method?: string | undefined;
  /** Each `Name: value`. */
  readonly headers?: readonly string[] | undefined;
  readonly from?: string | undefined;
};

const URL_PARTS = /^(https?):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/i;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const LONGEST = 8_192;
const MOST_HEADERS = 64;

/** Reads a URL and what else a request has; a user in the URL becomes an Authorization header. */
export function parseRequest(url: string, words: RequestWords = {}): Parsed<ClientRequest> {
  const [, scheme = "", user, authority = "", path = "/", query = ""] = URL_PARTS.exec(url) ?? [];
  const host = asSent(authority);
  if (url.length > LONGEST || host === undefined) {
    return expected("a URL such as https://www.example.com/app");
  }
  const { method = "GET", from } = words;
  if (!TOKEN.test(method)) return expected("a method such as POST");
  const headers = parseHeaders(words.headers ?? []);
  if (!headers.ok) return headers;
  const address = from === undefined ? undefined : parseIp(from);
  if (address?.ok === false) return expected("the address of a client, such as 192.0.2.1");
  const isHost = ({ name }: Header) => name.toLowerCase() === "host";
  const named = headers.value.find(isHost)?.value;
  const others = headers.value.filter((header) => !isHost(header));
  const [, name = host, port] = /^(.*?):(\d{1,5})$/.exec(host) ?? [];
  return parsed({
    scheme: scheme.toLowerCase() as ClientRequest["scheme"],
    host: name,
    port: port === undefined ? undefined : Number(port),
    hostHeader: named ?? host,
    method,
    path: written(path),
    query: written(query),
    headers: user === undefined || others.some(({ name }) => name.toLowerCase() === "authorization")
      ? others
      : [...others, { name: "Authorization", value: `Basic ${base64(decoded(user))}` }],
    from: address?.value,
  });
}

function parseHeaders(texts: readonly string[]): Parsed<readonly Header[]> {
  const headers: Header[] = [];
  for (const text of texts) {
    const [, name = "", value = ""] = /^([^:]*):[ \t]*(.*?)[ \t]*$/.exec(text) ?? [];
    // deno-lint-ignore no-control-regex
    if (!TOKEN.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value) || text.length > LONGEST) {
      return expected("headers such as 'X-Canary: yes'");
    }
    headers.push({ name, value });
  }
  return headers.length <= MOST_HEADERS ? parsed(headers) : expected(`at most ${MOST_HEADERS} headers`);
}

/** The host and port as a client sends them: international names in punycode; `undefined` where they are none. */
function asSent(authority: string): string | undefined {
  if (/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(authority)) return authority;
  const url = /^[\p{L}\p{M}\p{N}._-]+(?::\d{1,5})?$/u.test(authority)
    ? URL.parse(`http://${authority}/`)
    : null;
  return url === null ? undefined : url.host;
}

/** As browsers write a path: no blank, and no byte beyond ASCII. */
const written = (text: string): string =>
  text.toWellFormed().replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part));

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
