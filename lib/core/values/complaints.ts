import type { Excerpt, Notice } from "./notice.ts";

/** A notice without its container: replicas with the same mistake share it. */
export type Complaint = Omit<Notice, "subject">;

/** How many notices one container may have: more would cost time and memory of all others. */
export const MOST_NOTICES = 20;

/** The mistakes of one container: the first ones, and how many more there are. */
export class Complaints {
  readonly list: Complaint[] = [];
  more = 0;

  warn(code: string, message: () => string, excerpt?: Excerpt): void {
    // A warning takes the place of what costs nobody anything.
    if (this.list.length >= MOST_NOTICES) {
      const note = this.list.findLastIndex(({ severity }) => severity === "info");
      if (note >= 0) this.list.splice(note, 1);
    }
    if (this.list.length >= MOST_NOTICES) this.more++;
    else this.list.push({ severity: "warning", code, message: message(), ...(excerpt && { excerpt }) });
  }

  /** Notes what costs nobody anything. */
  tell(code: string, message: () => string): void {
    if (this.list.length < MOST_NOTICES) this.list.push({ severity: "info", code, message: message() });
  }
}
