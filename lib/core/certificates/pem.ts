/** A block of a PEM file: what stands between its BEGIN and END (RFC 7468). */
export type PemBlock = { readonly label: string; readonly text: string };

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n([\s\S]*?)-----END \1-----/g;

/**
 * The blocks of a PEM file, without the text around them and without empty lines: HAProxy's socket takes an empty line for
 * the end of a certificate, and what follows for commands.
 */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label = "", body = ""]) => {
    const lines = body.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return { label, text: `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n` };
  });
}

/** Whether a block is a certificate. */
export const isCertificate = ({ label }: PemBlock): boolean =>
  label === "CERTIFICATE" || label === "X509 CERTIFICATE" || label === "TRUSTED CERTIFICATE";

/** Whether a block is a private key. */
export const isKey = ({ label }: PemBlock): boolean => label.endsWith("PRIVATE KEY");

/** Whether a private key is locked with a password, which HAProxy would ask a person for (RFC 1421, RFC 5958). */
export const isLocked = ({ label, text }: PemBlock): boolean =>
  label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(text);

/** The bytes of a block. Throws where it is no base64. */
export function pemBytes({ text }: PemBlock): Uint8Array<ArrayBuffer> {
  const base64 = text.split("\n").filter((line) => !line.startsWith("-----") && !line.includes(":")).join("");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Whether somebody writes a file in this moment, or it was cut off: a block of it has no end. */
export const isHalf = (text: string, blocks: readonly PemBlock[]): boolean =>
  text.split("-----BEGIN ").length - 1 > blocks.length;
