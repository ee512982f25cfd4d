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

/** Where a user and password in front of a host begin: `ann:secret@host`, `https://ann:secret@host`. */
const USER = /[\w+.-]:(?:\/\/)?/;
/** What stands behind a name and a colon: `ann:secret`. A name begins where nothing of it stands before, so that each is read once. */
const PAIR = /(?<![\w.+-])([\w.+-]+):(?!\/\/)([^\s"]+)/g;

/** A parameter of a query that names a secret: `?token=…`. */
const TOKEN =
  /([?&][^\s"=&]{0,40}(?:token|secret|passw|pwd|key|auth|sig|credential)[^\s"=&]{0,40}=)[^\s"&#]+/gi;

/** Words in names of headers, parameters and cookies that prove who somebody is. */
const CREDENTIAL =
  "auth(?!or(?!i))|cookie|token|secret|passw|passphrase|pwd|key|credential|signature|session|bearer|jwt|(?<![a-z])sid(?![a-z])";
const IS_CREDENTIAL = new RegExp(CREDENTIAL, "i");
/** What stands behind such a name: `Authorization: …`, `{"X-Api-Key":"…"}`, `password=…`. */
const NAMED = new RegExp(
  String.raw`((?:${CREDENTIAL})[\w-]{0,64}(?:\s*=|["']?\s*:(?=[\s"']))\s*["']?)(?!\s)(?:[^"\\]|\\.)+`,
  "gi",
);
/** What stands behind the name of a way to prove it: `Bearer …`. */
const PROOF = /(?<![\w-])((?:bearer|basic|digest|negotiate)(?:\\?\s)+)[^\s"]{4,}/gi;

/** A port, and what may stand behind one. */
const IS_PORT = /^[0-9]{1,5}(?![\w$%&*!])/;
const IS_IPV6 = /^(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?:\/[0-9]+)?(?:\](?::[0-9]+)?)?[,;]?$/i;

/** Whether a header, parameter or cookie of a name is likely to prove who somebody is. */
export const isCredential = (name: string): boolean => IS_CREDENTIAL.test(name);

/** Whether a text may have hashes or passwords in it, so that none of it is told. */
export const mayHoldSecret = (text: string): boolean =>
  /basic|users|match/i.test(text) || IS_CREDENTIAL.test(text) ||
  withoutHashes(text) !== text || /"[\w-]+:\s+[^\s"]/.test(text) ||
  (text.match(/"[\w.+-]+:[^\s"]+/g) ?? []).some((each) => withoutSecrets(each) !== each);

/** A word or value for a message, without hashes of passwords and without what stands behind a name and a colon. */
export const withoutSecrets = (text: string): string =>
  withoutHashes(text).replace(TOKEN, `$1${HIDDEN}`).replace(NAMED, `$1${HIDDEN}`).replace(
    PROOF,
    `$1${HIDDEN}`,
  )
    .replace(/[^\s"]+/g, withoutUser).replace(
      PAIR,
      (pair, name: string, rest: string) =>
        IS_PORT.test(rest) || IS_IPV6.test(pair) || (/^[0-9.]+$/.test(name) && /^[0-9]/.test(rest))
          ? pair
          : `${name}:${HIDDEN}`,
    );

/** A word without the user and password in front of its last `@`, if a host stands behind it. */
function withoutUser(word: string): string {
  const at = word.lastIndexOf("@", word.length - 2);
  const begin = at < 0 ? null : USER.exec(word);
  if (begin === null) return word;
  const from = begin.index + begin[0].length;
  return from > at ? word : `${word.slice(0, from)}${HIDDEN}${word.slice(at)}`;
}

/** What stands in place of a value of which no message has more than its first word; an element of any other kind is not shown. */
export function firstWordOf(value: unknown): string {
  if (typeof value !== "string") return HIDDEN;
  // A header that is deleted has no value.
  if (/^-[\w-]{1,64}$/.test(value)) return `"${value}"`;
  return `"${/^[\w.-]{1,64}(?=[\s:=])/.exec(value)?.[0] ?? ""}${HIDDEN}"`;
}

/** A path without the values of its query. */
export const withoutQuery = (path: string): string => path.replace(/([?#]).*$/s, `$1${HIDDEN}`);

/** A text that was meant for a URL, without what may be a user and a password, a query or a fragment. */
export const shownUrl = (text: string): string =>
  withoutQuery(text.replace(/^(\s*(?:[a-z]+:)?\/\/)?.*@/is, `$1${HIDDEN}@`));

/** A text with its hashes of passwords left out. */
export const withoutHashes = (text: string): string => text.replace(HASHES, HIDDEN);
