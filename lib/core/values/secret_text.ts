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

/** A user and password in front of a host, and what stands behind a colon: `ann:secret@host`, `ann:secret`. */
const USER_OF_HOST = /([\w+.-]+:(?:\/\/)?)[^\s"]*@(?=[^\s"])/g;
const PAIR = /([\w.+-]+):(?!\/\/)([^\s"]+)/g;

/** A port, and what may stand behind one. */
const IS_PORT = /^[0-9]{1,5}(?![\w$%&*!])/;
const IS_IPV6 = /^(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?:\/[0-9]+)?(?:\](?::[0-9]+)?)?[,;]?$/i;

/** Whether a text may have hashes or passwords in it, so that none of it is told. */
export const mayHoldSecret = (text: string): boolean =>
  /auth|basic|passw|users|credential|secret|token/i.test(text) || withoutHashes(text) !== text ||
  (text.match(/"[\w.+-]+:[^\s"]+/g) ?? []).some((each) => withoutSecrets(each) !== each);

/** A word or value for a message, without hashes of passwords and without what stands behind a name and a colon. */
export const withoutSecrets = (text: string): string =>
  withoutHashes(text).replace(USER_OF_HOST, `$1${HIDDEN}@`).replace(
    PAIR,
    (pair, name: string, rest: string) =>
      IS_PORT.test(rest) || IS_IPV6.test(pair) || (/^[0-9.]+$/.test(name) && /^[0-9]/.test(rest))
        ? pair
        : `${name}:${HIDDEN}`,
  );

/** A text with its hashes of passwords left out. */
export const withoutHashes = (text: string): string => text.replace(HASHES, HIDDEN);
