import { readSubject } from "./x509.ts";

/** The short names of attributes, as OpenSSL gives them, by their object identifiers in DER. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  "550403": "CN",
  "550404": "SN",
  "550405": "serialNumber",
  "550406": "C",
  "550407": "L",
  "550408": "ST",
  "550409": "street",
  "55040a": "O",
  "55040b": "OU",
  "55040c": "title",
  "55040d": "description",
  "55040f": "businessCategory",
  "550411": "postalCode",
  "55042a": "GN",
  "55042b": "initials",
  "55042e": "dnQualifier",
  "550441": "pseudonym",
  "550461": "organizationIdentifier",
  "0992268993f22c640101": "UID",
  "0992268993f22c640119": "DC",
  "2a864886f70d010901": "emailAddress",
  "2b0601040182373c020101": "jurisdictionL",
  "2b0601040182373c020102": "jurisdictionST",
  "2b0601040182373c020103": "jurisdictionC",
};

/**
 * The name of a certificate's subject as HAProxy writes the one of an issuer (`ssl_c_i_dn`): a slash, the attribute, `=` and its
 * value, for each part. Throws where it is no certificate, has no name, or has an attribute that is not known here.
 */
export function subjectName(der: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = readSubject(der).map(({ attribute, value }) => {
    const name = ATTRIBUTES[attribute];
    if (name === undefined) throw new Error(`its name has an attribute that is not known (${attribute})`);
    return [...encoder.encode(`/${name}=`), ...value];
  });
  if (parts.length === 0) throw new Error("it has no name");
  return new Uint8Array(parts.flat());
}
