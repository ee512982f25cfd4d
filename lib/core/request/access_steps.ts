import { ipv4Within, type Network, parseNetwork } from "../values/network.ts";
import { ADDRESSES_MAP, USERS_MAP } from "../values/table.ts";
import { sha1 } from "../values/sha1.ts";
import { sha256 } from "../values/sha256.ts";
import { longestKey, tableNamed } from "./lookup.ts";
import { toHttps } from "./redirect_steps.ts";
import { hasFlag, headerOf, isByTls, type Passage, rowOf, type Step } from "./step.ts";

/** Clients are let in by their addresses. */
export function accessSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "access")) return [];
  const { request: { from }, tables, target } = passage;
  const rule = { rule: "access", keys: ["allow_from", "deny_from"] } as const;
  const table = tableNamed(tables, ADDRESSES_MAP);
  if (!table.keys().some((key) => key.startsWith(`${target.id}|`))) {
    return [{ ...rule, outcome: "answers", says: "refuses everybody", status: 403 }];
  }
  if (from === undefined) {
    return [{
      ...rule,
      outcome: "depends",
      says: "lets clients in by their addresses; none is given here (--from)",
      status: 403,
    }];
  }
  const network = parseNetwork(from);
  const accessOf = (digits: string) => {
    const row = longestKey(table, `${target.id}|${digits}`);
    return row && table.get(row);
  };
  const isIn = ({ family, hex }: Network, within: string | undefined) =>
    accessOf(`${family}|${hex}`) === "allow" && (within === undefined || accessOf(`4|${within}`) !== "never");
  return [
    network.ok && isIn(network.value, ipv4Within(network.value))
      ? { ...rule, outcome: "passes", says: `lets in clients of ${from}` }
      : { ...rule, outcome: "answers", says: `refuses clients of ${from}`, status: 403 },
  ];
}

/** Clients show a certificate of their own. */
export function clientSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "clientca")) return [];
  const { request, frontend, host } = passage;
  const rule = { rule: "clients", keys: ["client_ca"] } as const;
  if (!isByTls(passage) && frontend.tls !== undefined) return [{ ...rule, ...toHttps(passage) }];
  if (isByTls(passage) && frontend.tls !== undefined && serverName(request.host) !== host) {
    const says = "takes requests for the host of their TLS connection alone";
    return [{ ...rule, outcome: "answers", says, status: 421 }];
  }
  const says = "lets in clients that show a certificate of their own; this request shows none";
  return [{ ...rule, outcome: "answers", says, status: 403 }];
}

/** What TLS names: clients name no address (RFC 6066, section 3), and no dot at the end. */
export const serverName = (host: string): string | undefined =>
  /^(?:[\d.]+|\[.*)$/.test(host) ? undefined : host.toLowerCase().replace(/\.$/, "");

/** HAProxy asks for a password. */
export function passwordSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "auth")) return [];
  const rule = { rule: "auth", keys: ["basic_auth", "basic_auth_realm"] } as const;
  const given = credentialOf(headerOf(passage.request, "authorization"));
  if (given === undefined) {
    return [{ ...rule, outcome: "answers", says: "asks for a password; this request has none", status: 401 }];
  }
  const check = rowOf(passage, given.user, USERS_MAP);
  const [salt = "", hash = ""] = check?.split("$") ?? [];
  if (hash.length === 32) {
    const says = "asks for a password; only HAProxy can compare this user's";
    return [{ ...rule, outcome: "depends", says, status: 401 }];
  }
  const isRight = hash !== "" &&
    (hash.length === 40 ? sha1(given.password) : sha256(salt + given.password)) === hash;
  return [
    isRight ? { ...rule, outcome: "passes", says: "asks for a password; that of this request is right" } : {
      ...rule,
      outcome: "answers",
      says: "asks for a password; that of this request is wrong",
      status: 401,
    },
  ];
}

function credentialOf(header: string | undefined): { user: string; password: string } | undefined {
  const text = /^basic +(\S+)$/i.exec(header ?? "")?.[1];
  if (text === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(new TextDecoder().decode(bytes)) ?? [];
    return user === "" ? undefined : { user, password };
  } catch {
    return undefined;
  }
}

/** Another service decides who comes in. */
export function askSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "ask")) return [];
  const rule = { rule: "ask", keys: ["forward_auth", "forward_auth_headers"] } as const;
  return [
    rowOf(passage, "ask") === undefined
      ? { ...rule, outcome: "answers", says: "cannot ask the service that says who comes in", status: 503 }
      : { ...rule, outcome: "depends", says: "asks another service who comes in", status: 401 },
  ];
}
