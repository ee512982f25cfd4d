/**
 * Where certificates come from: a file or folder that the operator names, or what was fetched by ACME; and the folders of
 * authorities for clients and servers, and of certificates that HAProxy shows to servers.
 */
export type CertificateSource = {
  readonly path: string;
  readonly origin: "file" | "acme" | "client-ca" | "backend-ca" | "backend-cert";
};
