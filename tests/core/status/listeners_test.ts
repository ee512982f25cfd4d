/** Which listeners of an HAProxy that was taken over no setting asks for. */
import assert from "node:assert/strict";
import { divideListeners, formatListeners } from "../../../lib/core/status/listeners.ts";
import type { IpAddress, Port } from "../../../lib/core/values/names.ts";

const at = (port: number, address = "*") => ({ address, port, isTls: false });
const wanted = (port: number, address?: string) => ({
  setting: "--http-port",
  address: address as IpAddress | undefined,
  port: port as Port,
});

Deno.test("a listener is asked for by its address and port, or by a range of ports for TCP", () => {
  const { gone, kept } = divideListeners([at(80), at(443), at(5432), at(6379), at(8080, "127.0.0.1")], {
    listeners: [wanted(80), wanted(8080)],
    tcpPorts: [{ first: 5000 as Port, last: 5999 as Port }],
  });
  assert.equal(formatListeners(gone), "*:443, *:6379, 127.0.0.1:8080");
  assert.equal(formatListeners(kept), "*:80, *:5432");
  const same = divideListeners([at(80, "127.0.0.1")], { listeners: [wanted(80, "127.0.0.1")] });
  assert.deepEqual(same.gone, []);
});
