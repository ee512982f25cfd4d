import { hasTakenAddress } from "../../core/model/choose_endpoint.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import type { FollowerParts } from "./follower_parts.ts";

/**
 * Whether signalbox keeps a container that its engine does not know, because it still answers: an engine that has just
 * started may know nothing for a while, which must not empty the routing.
 */
export async function isKept(
  container: ContainerView,
  others: Iterable<ContainerView>,
  { url, report, answers }: FollowerParts,
): Promise<boolean> {
  if (hasTakenAddress(others, container) || !await answers(container)) return false;
  report.tell({ kind: "container-unlisted", source: url, container: container.name });
  return true;
}
