import { shownRoutes } from "./picture.ts";
import { count } from "../values/count.ts";
import { onOneLine } from "../values/notice.ts";
import type { LoopState } from "./status.ts";

/** So much of the status fits a line of `systemctl status`, in characters. */
const LONGEST_STATUS = 200;

/** How signalbox stands, for `systemctl status`: one line. */
export function serviceStatus({ model, trouble, notices, sources }: LoopState): string {
  const routes = model === undefined ? 0 : shownRoutes(model).length;
  const warnings = notices.filter(({ severity }) => severity === "warning").length;
  const lost = sources.find(({ isConnected }) => !isConnected);
  return [
    trouble === undefined ? "in step" : `not in step: ${trouble}`,
    count(routes, "route"),
    ...warnings === 0 ? [] : [count(warnings, "warning")],
    ...lost === undefined ? [] : [`cannot read ${lost.name}: ${lost.detail}`],
  ].join(", ");
}

/** What a service says to its manager, a variable a line (sd_notify(3)); no value has a line break. */
export const serviceMessage = (variables: Readonly<Record<string, string | number>>): string =>
  Object.entries(variables).map(([name, value]) => `${name}=${oneLine(String(value))}`).join("\n");

const oneLine = (text: string): string => {
  const clean = onOneLine(text);
  return clean.length > LONGEST_STATUS ? `${clean.slice(0, LONGEST_STATUS)}…` : clean;
};
