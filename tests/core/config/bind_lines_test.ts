import assert from "node:assert/strict";
import { bindLines } from "../../../lib/core/config/bind_lines.ts";
import type { Frontend } from "../../../lib/core/model/model.ts";
import type { IpAddress, Port } from "../../../lib/core/values/names.ts";

/** A frontend, as far as its listeners go. */
const frontend = (unread: string | undefined, options = ""): Frontend =>
  ({
    address: "127.0.0.1" as IpAddress,
    httpPort: 80 as Port,
    tls: { port: 443 as Port, options, profile: "intermediate", unread },
  }) as Frontend;

const texts = (given: Frontend): readonly string[] => bindLines(given).map(({ text }) => text);

Deno.test("certificates come from the list, and from the operator's path where they cannot be read here", () => {
  assert.deepEqual(texts(frontend(undefined)), [
    "127.0.0.1:80",
    "127.0.0.1:443 ssl crt-list certs.list alpn h2,http/1.1",
  ]);
  assert.deepEqual(texts(frontend("/etc/my certs", "no-tlsv12")), [
    "127.0.0.1:80",
    '127.0.0.1:443 ssl crt "/etc/my certs" alpn h2,http/1.1 no-tlsv12',
  ]);
});
