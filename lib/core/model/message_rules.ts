import type { ErrorPageSet } from "../keys/error_page_set.ts";
import { fittingChanges, type HeaderChange } from "../keys/header_change.ts";
import type { Hsts } from "../keys/own_answers.ts";
import type { Complaint } from "../values/complaints.ts";
import { quote } from "../values/notice.ts";
import type { ErrorPages } from "./error_pages.ts";

type Changes = readonly HeaderChange[] | undefined;
type Given = { readonly hasTls: boolean; readonly errorPages: ErrorPages | undefined };
type Tell = (
  key: "request_headers" | "response_headers" | "hsts" | "error_pages",
  complaint: Complaint,
) => void;

/** Folders of pages that a notice names. */
const MOST_NAMED = 10;

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
  error_pages: (
    said: ErrorPageSet | undefined,
    { errorPages }: Given,
    tell: Tell,
  ): ErrorPageSet | undefined => {
    if (said === undefined || errorPages?.sets.has(said)) return said;
    const sets = [...errorPages?.sets ?? []];
    const message = `error_pages is ${quote(said)} and has no effect: ${
      errorPages === undefined
        ? "there are no pages, expected --error-pages"
        : `--error-pages has no such folder of pages${
          sets.length === 0 ? "" : `, expected one of ${sets.slice(0, MOST_NAMED).join(", ")}`
        }`
    }`;
    tell("error_pages", { severity: "warning", code: "no-pages", message });
    return undefined;
  },
};
