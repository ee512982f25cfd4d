import { fittingChanges, type HeaderChange } from "../keys/header_change.ts";
import type { Hsts } from "../keys/own_answers.ts";
import type { Complaint } from "../values/complaints.ts";

type Changes = readonly HeaderChange[] | undefined;
type Given = { readonly hasTls: boolean };
type Tell = (key: "request_headers" | "response_headers" | "hsts", complaint: Complaint) => void;

/** What comes of the keys of requests and answers that need more than that the oldest container decides. */
export const MESSAGE_RULES = {
  request_headers: (said: Changes, _given: Given, tell: Tell): Changes =>
    fittingChanges("request_headers", said, (complaint) => tell("request_headers", complaint)),
  response_headers: (said: Changes, _given: Given, tell: Tell): Changes =>
    fittingChanges("response_headers", said, (complaint) => tell("response_headers", complaint)),
  access_log: (said: boolean | undefined): boolean => said === false,
  compress: (said: boolean | undefined): true | undefined => said === true ? true : undefined,
  hsts: (said: Hsts | undefined, { hasTls }: Given, tell: Tell): Hsts | undefined => {
    if (hasTls || said?.header === undefined) return said;
    const message = "hsts has no effect: there is no TLS listener, expected --tls-cert";
    tell("hsts", { severity: "warning", code: "no-tls", message });
    return undefined;
  },
};
