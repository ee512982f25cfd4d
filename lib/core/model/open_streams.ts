import type { Attempt, Offer } from "./attempt.ts";
import { note } from "./left_out.ts";
import { placeName } from "./model.ts";
import type { Considered } from "./model_memory.ts";
import { wardFor } from "./wards.ts";

/**
 * What a container offers without the connections that could go past what protects another of its routes: these are known by
 * a port or by SNI, and nothing closes part of them.
 */
export function withoutOpenStreams(considered: Considered): Considered {
  const { attempts, container } = considered;
  const wards = attempts.flatMap(({ ward }) => ward ?? []);
  if (wards.length === 0) return considered;
  const isAll = wards.some(({ own }) => own.listen?.protocol === "tls");
  const isOpen = ({ own }: Offer) => isAll || own.listen?.protocol === "tls";
  if (!attempts.some(({ offer }) => offer !== undefined && isOpen(offer))) return considered;
  const left = attempts.map((attempt): Attempt => {
    const { offer } = attempt;
    if (offer === undefined || !isOpen(offer)) return attempt;
    const why =
      "a route of its container that is protected has no server, and its connections could come here";
    const notices = offer.server.gate === "created"
      ? []
      : [note(container, "warning", "closed", `does not serve ${placeName(offer.own)}: ${why}`)];
    return { notices, why, wanted: offer.own.host, ...wardFor(offer) };
  });
  return { ...considered, attempts: left };
}
