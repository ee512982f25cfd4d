import type { HostName } from "../values/names.ts";
import type { Backend, Model } from "./model.ts";

/** Whether a backend decides about the TLS of a host: no older one has the host (`Model.deciders`). */
export const decides = (
  { deciders }: Pick<Model, "deciders">,
  { name }: Pick<Backend, "name">,
  host: HostName,
): boolean => deciders.get(host)?.backend === name;
