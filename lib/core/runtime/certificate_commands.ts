import type { Certificate } from "../certificates/certificate.ts";
import { type CertificateFile, CERTS_LIST } from "../certificates/choose.ts";
import { isNamedFile, isOfAuthorities, type NamedFile } from "../certificates/named_file.ts";

/** A change of HAProxy's certificates (management guide, section 9.3, `set ssl cert` and its neighbours). */
export type CertificateChange =
  /** A new certificate, and its line of certs.list. */
  | {
    readonly kind: "add-certificate";
    readonly file: CertificateFile;
    readonly line: string;
    readonly certificate: Certificate;
  }
  /** Another certificate in the place of one: connections that are open keep the old one, and none is refused. */
  | { readonly kind: "set-certificate"; readonly file: CertificateFile; readonly certificate: Certificate }
  | { readonly kind: "delete-certificate"; readonly file: CertificateFile }
  /** Authorities, or a certificate for servers, that lines name. HAProxy removes none that a line still names: a pass repeats it. */
  | {
    readonly kind: "add-named" | "set-named";
    readonly file: CertificateFile;
    readonly named: NamedFile;
  }
  | { readonly kind: "delete-named"; readonly file: CertificateFile };

/**
 * Bytes of a command with its certificate. HAProxy 2.6 drops one that exceeds its buffer of 16 KB without a word, 3.0 and
 * 3.2 refuse it (tried with 15,643 and 16,782).
 */
const MOST_BYTES = 15_600;

/** Whether a certificate, with its chain and key, fits into a command. */
export const fitsCommand = ({ pem }: Pick<Certificate, "pem">): boolean => pem.reveal().length <= MOST_BYTES;

/** The commands of a change. */
export function certificateCommands(change: CertificateChange): readonly string[] {
  const { file } = change;
  switch (change.kind) {
    case "add-certificate":
      return [
        `new ssl cert ${file}`,
        ...fillCommands(file, change.certificate),
        change.line === file
          ? `add ssl crt-list ${CERTS_LIST} ${file}`
          : `add ssl crt-list ${CERTS_LIST} <<\n${change.line}\n`,
      ];
    case "set-certificate":
      return fillCommands(file, change.certificate);
    case "delete-certificate":
      return [`del ssl crt-list ${CERTS_LIST} ${file}`, `del ssl cert ${file}`];
    case "add-named":
      return [`new ssl ${storeOf(file)} ${file}`, ...fillCommands(file, change.named)];
    case "set-named":
      return fillCommands(file, change.named);
    case "delete-named":
      return [`del ssl ${storeOf(file)} ${file}`];
  }
}

/** How HAProxy's commands call what a file holds. */
const storeOf = (file: CertificateFile): "ca-file" | "cert" => isOfAuthorities(file) ? "ca-file" : "cert";

/** An empty line ends a payload: the sender's line break is the second one. */
const fillCommands = (file: CertificateFile, { pem }: Pick<Certificate, "pem">): readonly string[] => [
  `set ssl ${storeOf(file)} ${file} <<\n${pem.reveal()}`,
  `commit ssl ${storeOf(file)} ${file}`,
];

const SUCCESS = /(?:^|\n)Success!$/;
const CREATED = /^[Tt]ransaction (?:created|updated) for (?:certificate|CA) \S+!$/;
const NEW = /^New (?:empty certificate|CA file|empty CA) store '\S+'!|^New CA file created '\S+'!$/;

/** What HAProxy answers to each command of a change that it has done; 2.6 to 3.4 alike. */
const ANSWERS = {
  "add-certificate": [/^New empty certificate store '\S+'!$/, CREATED, SUCCESS, SUCCESS],
  "set-certificate": [CREATED, SUCCESS],
  "delete-certificate": [/^Entry '\S+' deleted in crtlist '\S+'!$/, /^Certificate '\S+' deleted!$/],
  "add-named": [NEW, CREATED, SUCCESS],
  "set-named": [CREATED, SUCCESS],
  "delete-named": [/^(?:Certificate|CA file) '\S+' deleted!$/],
} as const satisfies Record<CertificateChange["kind"], readonly RegExp[]>;

/** Whether the answers say that a file cannot go yet: a line names it, such as one of a server that waits for its last connections. */
export const isNamedStill = ({ kind }: CertificateChange, [answer = ""]: readonly string[]): boolean =>
  kind === "delete-named" && /in use/i.test(answer);

/** Whether the answers say that a change is done. */
export function isCertificateDone({ kind }: CertificateChange, answers: readonly string[]): boolean {
  const wanted = ANSWERS[kind];
  return answers.length === wanted.length &&
    wanted.every((answer, at) => answer.test(answers[at]?.trim() ?? ""));
}

/** The question for the lines of certs.list. */
export const LIST_QUESTION = `show ssl crt-list ${CERTS_LIST}`;

/** The question for a certificate, or for authorities. */
export const certificateQuestion = (file: CertificateFile): string => `show ssl ${storeOf(file)} ${file}`;

/** The line of a file, by those of certs.list; one that other lines name has none there. */
export const lineIn = (
  lines: ReadonlyMap<CertificateFile, string>,
  file: CertificateFile,
): string | undefined => isNamedFile(file) ? "" : lines.get(file);

/** Reads the lines of certs.list, by their files. */
export function parseList(text: string): ReadonlyMap<CertificateFile, string> {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  );
  return new Map(lines.map((line) => [line.split(" ", 1)[0] ?? "", line]));
}

/** Reads by which SHA-1 HAProxy shows a certificate, or several of authorities; `undefined` where it has none. */
export function parseFingerprint(text: string): string | undefined {
  const all = [...text.matchAll(/^SHA1 FingerPrint: ([0-9A-F]{40})$/gm)].map(([, found = ""]) => found);
  return all.length === 0 ? undefined : [...new Set(all)].sort().join();
}
