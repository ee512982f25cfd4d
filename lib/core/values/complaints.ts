import type { Excerpt, Notice } from "./notice.ts";

/** A notice that does not name its container yet: replicas say the same, and are told the same. */
export type Complaint = Omit<Notice, "subject">;

/** Notices that one container may have: more would be work and memory that others wait for. */
export const MOST_NOTICES = 20;

/** What is wrong with the words of one container: the first so many, and how many more there were. */
export class Complaints {
  readonly list: Complaint[] = [];
  more = 0;

  warn(code: string, message: () => string, excerpt?: Excerpt): void {
    if (this.list.length >= MOST_NOTICES) this.more++;
    else this.list.push({ severity: "warning", code, message: message(), ...(excerpt && { excerpt }) });
  }
}
