import { isAcmeOn } from "../core/settings/acme_values.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Settings } from "../core/settings/settings.ts";
import { absolute } from "./absolute.ts";
import { failed, wrongUsage } from "./failure.ts";

/** What stands in a config for the thumbprint of a key that `run` has not made yet. */
const NO_KEY = "no-account-key-yet";

/** The absolute path of the storage. Throws Failure where there is no such place. */
export function storageOf({ acmeStorage }: Settings): string {
  if (acmeStorage !== undefined) return absolute(acmeStorage);
  throw wrongUsage("cannot choose a folder for certificates: HOME is not set, expected --acme-storage DIR");
}

/** The folder of fetched certificates below the storage. */
export const certificatesOf = (storage: string): string => `${storage}/certificates`;

/** The thumbprint of the account's key, for the frontend; `undefined` where no certificates are fetched. Throws Failure. */
export async function thumbprintOf(settings: Settings): Promise<string | undefined> {
  if (!isAcmeOn(settings)) return undefined;
  const { AcmeStorage } = await import("../acme/storage.ts");
  const key = await new AcmeStorage(storageOf(settings)).knownKey().catch((error) => {
    throw failed(`cannot read --acme-storage: ${messageOf(error)}`);
  });
  return key?.thumbprint ?? NO_KEY;
}
