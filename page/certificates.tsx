/// <reference lib="dom" />
import { SOON_DAYS } from "./certificate_of.ts";
import type { Store } from "./store.tsx";
import { dateOf, daysUntil, daysWord } from "./words.ts";

/** The certificates, those that expire first in front, and what is asked for. */
export function Certificates({ store: { live } }: { store: Store }) {
  const { certificates = [], acme } = live.facts ?? {};
  const sorted = certificates.toSorted((a, b) => a.validTo < b.validTo ? -1 : 1);
  return (
    <section>
      {acme?.trouble !== undefined && <p class="trouble">No certificates are fetched: {acme.trouble}</p>}
      {acme?.waiting.map(({ hosts, why, until }) => (
        <p key={hosts.join()} class="trouble">
          None for {hosts.join(", ")} before {until}: {why}
        </p>
      ))}
      {acme !== undefined && acme.asking.length > 0 && (
        <p class="plain">Asking for {acme.asking.join(", ")}</p>
      )}
      {sorted.length === 0 ? <p class="plain">No certificate is served here.</p> : (
        <table class="plain-table">
          <caption class="hidden">Certificates, those that expire first in front</caption>
          <thead>
            <tr>
              <th scope="col">Valid until</th>
              <th scope="col">Certificate</th>
              <th scope="col">Hosts</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map(({ name, origin, hosts, validTo }) => (
              <tr key={name}>
                <td class={daysUntil(validTo) < SOON_DAYS ? "bad" : undefined}>
                  {dateOf(validTo)} <span class="soft">{daysWord(daysUntil(validTo))}</span>
                </td>
                <td>
                  {name} <span class="soft">{ORIGINS[origin]}</span>
                </td>
                <td>{hosts.join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const ORIGINS = { file: "a file", acme: "fetched", "self-signed": "signed itself" } as const;
