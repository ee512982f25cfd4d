import assert from "node:assert/strict";
import { whyNoContainers } from "../../../lib/core/values/container_address.ts";
import { parseIp } from "../../../lib/core/values/names.ts";

function whyOf(text: string): string | undefined {
  const parsed = parseIp(text);
  assert.ok(parsed.ok, text);
  return whyNoContainers(parsed.value);
}

Deno.test("addresses where clouds keep their metadata are no container's, in any spelling", () => {
  const addresses = [
    ...["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
    ...[
      "::ffff:100.100.100.200",
      "::ffff:6464:64c8",
      "::100.100.100.200",
      "fd00:ec2::254",
      "FD00:EC2:0:0::254",
    ],
    ...["fd00:0ec2:0:0:0:0:0:0254", "fd20:ce::254", "fd00:42::42", "fe80::a9fe:a9fe"],
    // Behind a translator between IPv6 and IPv4.
    ...[
      "64:ff9b::169.254.169.254",
      "64:ff9b::6464:64c8",
      "64:ff9b:1::a9fe:a9fe",
      "64:ff9b:1:2:3:4:a9fe:a9fe",
    ],
    ...["64:ff9b:0:0:0:0:a83f:8110", "2002:a9fe:a9fe::1", "2002:6464:64c8:1:2:3:4:5"],
    ...["2001::5601:5601", "2001:0:1:2:3:4:9b9b:9b37", "::ffff:0:a9fe:a9fe"],
  ];
  for (const address of addresses) assert.match(whyOf(address) ?? "", /metadata|link-local/, address);
});

Deno.test("their neighbours may be a container's", () => {
  for (
    const address of ["100.100.100.201", "168.63.129.17", "192.0.0.193", "fd00:ec2::255", "fd00::254"].concat(
      ["64:ff9b::c000:207", "2002:c000:207::1", "2002:c000:207::a9fe:a9fe", "64:ff9c::a9fe:a9fe"],
    )
  ) {
    assert.equal(whyOf(address), undefined, address);
  }
});
