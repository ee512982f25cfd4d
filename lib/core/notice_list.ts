import { MOST_NOTICES } from "./complaints.ts";
import type { Notice } from "./notice.ts";

/** The notices of all containers: each has so many at most, and one more that says how many are not shown. */
export class NoticeList {
  readonly #shown: Notice[] = [];
  readonly #counts = new Map<string, number>();
  /** Whether a warning is among those that are not shown, by container. */
  readonly #hidden = new Map<string, { count: number; isWarning: boolean }>();

  /** Adds a notice on a container; `make` is asked only where it is shown, since what one can cause has no end. */
  add({ subject, severity }: Pick<Notice, "subject" | "severity">, make: () => Notice): void {
    const count = this.#counts.get(subject) ?? 0;
    if (count >= MOST_NOTICES) return this.hide(subject, 1, severity);
    this.#counts.set(subject, count + 1);
    this.#shown.push(make());
  }

  /** Adds notices as they are. */
  addAll(notices: readonly Notice[]): void {
    for (const notice of notices) this.add(notice, () => notice);
  }

  /** Counts notices that are not shown. */
  hide(subject: string, count: number, severity: Notice["severity"]): void {
    if (count === 0) return;
    const before = this.#hidden.get(subject);
    this.#hidden.set(subject, {
      count: (before?.count ?? 0) + count,
      isWarning: before?.isWarning === true || severity === "warning",
    });
  }

  /** All that are shown, in the order in which they came, and the counts of the others after them. */
  finish(): readonly Notice[] {
    for (const [subject, { count, isWarning }] of this.#hidden) {
      const severity = isWarning ? "warning" : "info";
      const message = `and ${count} more of its notices are not shown`;
      this.#shown.push({ severity, code: "more", subject, message });
    }
    return this.#shown;
  }
}
