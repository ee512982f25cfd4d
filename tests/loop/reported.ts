/** What HAProxy reports of a server that has traffic. */
import type { ServerName } from "../../lib/core/values/names.ts";
import type { ReportedServer } from "../../lib/core/state/survey.ts";

/** A server that has traffic at this address. */
export const reportedAt = (name: ServerName, address: string, port: number): ReportedServer => ({
  section: "www.example.com",
  name,
  address,
  port,
  isUp: true,
  isReady: true,
  weight: 1,
  initialWeight: 1,
  hasAgent: false,
  isChecked: true,
});
