/** Tests against a real authority. */
import { freePort } from "../harness/http.ts";
import { noPebble, type Pebble, type PebbleSettings, startPebble } from "../harness/pebble.ts";

/** An authority, and what else each of its tests has. */
export interface Authority {
  readonly pebble: Pebble;
  /** Where the authority looks at hosts. */
  readonly port: number;
  /** The same, where it looks by TLS. */
  readonly tlsPort: number;
  /** A folder of the test's own. */
  readonly folder: string;
  /** Has something ended with the test, the last first. */
  defer(end: () => unknown): void;
}

/** A test with an authority, named by the sentence that it proves; ignored where there is none. */
export function withAuthority(
  sentence: string,
  settings: Omit<PebbleSettings, "httpPort" | "tlsPort">,
  body: (authority: Authority) => Promise<void>,
): void {
  Deno.test({
    name: sentence,
    ignore: noPebble !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "sba-" });
      const port = freePort();
      const tlsPort = freePort();
      const pebble = await startPebble({ ...settings, httpPort: port, tlsPort });
      const ends: (() => unknown)[] = [
        () => pebble[Symbol.asyncDispose](),
        () => Deno.remove(folder, { recursive: true }),
      ];
      try {
        await body({ pebble, port, tlsPort, folder, defer: (end) => void ends.unshift(end) });
      } finally {
        for (const end of ends) await end();
      }
    },
  });
}
