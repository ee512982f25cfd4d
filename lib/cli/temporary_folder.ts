import { messageOf } from "../core/values/message_of.ts";
import { failed } from "./failure.ts";

/** A folder of its own that only we can read. Throws Failure. */
export async function temporaryFolder(): Promise<
  { readonly path: string; readonly remove: () => Promise<void> }
> {
  const path = await Deno.makeTempDir({ prefix: "signalbox-" }).catch((error) => {
    throw failed(
      `cannot make a temporary folder: ${
        messageOf(error)
      }; expected $TMPDIR, or /tmp, to be one that can be written`,
    );
  });
  return { path, remove: () => Deno.remove(path, { recursive: true }).catch(() => undefined) };
}

/** A temporary folder, made when it is first needed: only ssh needs one. */
export function folderOnDemand(): {
  readonly path: () => Promise<string>;
  readonly remove: () => Promise<void>;
} {
  let made: ReturnType<typeof temporaryFolder> | undefined;
  return {
    path: async () => (await (made ??= temporaryFolder())).path,
    remove: async () => await (await made?.catch(() => undefined))?.remove(),
  };
}
