/// <reference lib="deno.worker" />
import { bcryptVerify } from "hash-wasm";
import { isSame } from "./same_text.ts";
import { shaCrypt } from "./sha_crypt.ts";

/** A password and the hash that it may have, with the number of the question. */
export type CryptQuestion = { readonly id: number; readonly password: string; readonly hash: string };

/** Whether the password has the hash. */
export type CryptAnswer = { readonly id: number; readonly isRight: boolean };

// Beside the loop: such a hash takes a tenth of a second and more.
self.onmessage = async ({ data: { id, password, hash } }: MessageEvent<CryptQuestion>) => {
  const isRight = hash.startsWith("$2")
    ? await bcryptVerify({ password, hash }).catch(() => false)
    : isSame(shaCrypt(password, hash) ?? "", hash);
  self.postMessage({ id, isRight } satisfies CryptAnswer);
};
