/** Where certificates come from: a file or folder that the operator names, or what was fetched by ACME. */
export type CertificateSource = { readonly path: string; readonly origin: "file" | "acme" };
