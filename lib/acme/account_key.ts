import { encodeBase64Url } from "./base64url.ts";

/** The key of our account, at every authority: HAProxy answers with its thumbprint, whoever asks. */
export type AccountKey = {
  readonly privateKey: CryptoKey;
  /** The public part, in the order that its thumbprint asks for (RFC 7638, 3.2). */
  readonly jwk: { readonly crv: string; readonly kty: string; readonly x: string; readonly y: string };
  readonly thumbprint: string;
};

type Bytes = Uint8Array<ArrayBuffer>;

const ECDSA = { name: "ECDSA", namedCurve: "P-256" };

/** Makes a key of ECDSA P-256, and says it as PEM (PKCS #8) and its public part as DER. */
export async function makeKey(): Promise<{ readonly pem: string; readonly pair: CryptoKeyPair }> {
  const pair = await crypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]);
  return {
    pem: pemOf("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey))),
    pair,
  };
}

/** Reads the PEM of an account's key. Throws where it is none of ECDSA P-256. */
export async function readAccountKey(pem: string): Promise<AccountKey> {
  const privateKey = await crypto.subtle.importKey("pkcs8", bytesOf(pem, "PRIVATE KEY"), ECDSA, true, [
    "sign",
  ]);
  const { crv = "", kty = "", x = "", y = "" } = await crypto.subtle.exportKey("jwk", privateKey);
  const jwk = { crv, kty, x, y };
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(jwk)));
  return { privateKey, jwk, thumbprint: encodeBase64Url(new Uint8Array(hash)) };
}

/** The signature of some bytes, r and s one after the other. */
export async function sign(key: CryptoKey, bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, bytes));
}

/** Bytes as PEM. */
export function pemOf(label: string, bytes: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The bytes of the first block of a PEM with this label. Throws where there is none. */
export function bytesOf(pem: string, label: string): Bytes {
  const text = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem)
    ?.[1];
  if (text === undefined) throw new Error(`there is no ${label} in it, expected a PEM file with one`);
  return Uint8Array.from(atob(text.replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
}
