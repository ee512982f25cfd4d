import {
  changeFromPair,
  changeRows,
  MOST_CHANGES,
  parseHostHeader,
  parseRequestHeader,
  parseResponseHeader,
} from "./header_change.ts";
import { hstsRows, parseHsts, parseMaintenance } from "./own_answers.ts";
import type { RouteKey } from "./route_key.ts";
import { valueRow } from "./route_row.ts";

/** What HAProxy changes of requests and answers, and what it answers itself. */
export const MESSAGE_KEYS = {
  request_headers: {
    label: "request_header",
    kind: "string[]",
    scope: "route",
    flag: "reqheaders",
    rows: changeRows("reqheaders"),
    most: MOST_CHANGES,
    fromPair: changeFromPair,
    costs: "key",
    otherNames: ["headers", "set_header", "custom_request_headers", "add_header"],
    meaning:
      "headers that the container gets: each `Name: value`, or `-Name` to delete it; in JSON an object too",
    parse: parseRequestHeader,
  },
  response_headers: {
    label: "response_header",
    kind: "string[]",
    scope: "route",
    flag: "resheaders",
    rows: changeRows("resheaders"),
    most: MOST_CHANGES,
    fromPair: changeFromPair,
    costs: "key",
    otherNames: ["answer_headers", "custom_response_headers"],
    meaning:
      "headers of the container's answers: each `Name: value`, or `-Name` to delete it; in JSON an object too",
    parse: parseResponseHeader,
  },
  host_header: {
    label: "host_header",
    kind: "string",
    scope: "route",
    flag: "hostheader",
    rows: valueRow("hostheader"),
    costs: "key",
    otherNames: ["upstream_host", "rewrite_host", "pass_host"],
    meaning: "the `Host` that the container sees, in place of the client's",
    parse: parseHostHeader,
  },
  hsts: {
    label: "hsts",
    kind: "text",
    scope: "route",
    flag: "hsts",
    rows: hstsRows,
    costs: "key",
    otherNames: ["strict_transport_security", "sts", "sts_seconds"],
    meaning:
      "on TLS, send `Strict-Transport-Security`: seconds, or `max-age=…; includeSubDomains`; `false` is an exception to `--hsts`",
    parse: parseHsts,
  },
  maintenance: {
    label: "maintenance",
    kind: "text",
    scope: "route",
    flag: "maintenance",
    rows: valueRow("maintenance"),
    costs: "route",
    isGuard: true,
    otherNames: ["maintenance_mode", "maintenance_page", "down", "offline"],
    meaning: "answer 503 with this text, or `true` for one of ours; containers get no requests",
    parse: parseMaintenance,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
