/** What stands in place of a secret, wherever it is shown: in what is printed, in a saved snapshot, in a message. */
export const HIDDEN = "…";

/** Hashes of passwords, as htpasswd, crypt and signalbox write them. */
const HASHES = new RegExp(
  [
    String.raw`\{(?:S?SHA(?:256|512)?|S?MD5|CRYPT)\}[^\s"',;]{8,}`,
    String.raw`\$(?:1|apr1)\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}`,
    String.raw`\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}`,
    String.raw`\$(?:[567y]|gy|argon2id?)\$[^\s"',;]{30,}`,
  ].join("|"),
  "g",
);

/** Whether a text may have hashes or passwords in it, so that none of it is told. */
export const mayHoldSecret = (text: string): boolean =>
  /auth|passw|users|credential/i.test(text) || withoutHashes(text) !== text;

/** A text with its hashes of passwords left out. */
export const withoutHashes = (text: string): string => text.replace(HASHES, HIDDEN);
