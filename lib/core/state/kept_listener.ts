import type { TcpPart } from "../config/tcp_part.ts";
import type { Model } from "../model/model.ts";
import { HTTPS_BACKEND, type Listen, listenSection } from "../values/listen.ts";

/**
 * The model with the frontend of TCP before HTTPS, where HAProxy has it: once the last host whose TLS goes through has gone, it
 * stays, and needs no reload. Without it, the old worker would have nobody to hand the connections to that it has just taken.
 */
export function keepBeforeHttps(model: Model, running: TcpPart | undefined): Model {
  const { frontend: { tls }, streams } = model;
  if (tls === undefined || running === undefined || streams.areBeforeHttps) return model;
  const listen: Listen = { protocol: "tls", port: tls.port };
  const { ports, rules } = running;
  const isThere = rules.includes(`backend ${HTTPS_BACKEND} `) && ports.has(listenSection(listen));
  if (!isThere) return model;
  const listens = [...streams.listens, listen].sort((a, b) => a.port - b.port);
  return { ...model, streams: { ...streams, listens, areBeforeHttps: true } };
}
