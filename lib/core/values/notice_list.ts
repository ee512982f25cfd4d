import { MOST_NOTICES } from "./complaints.ts";
import { count } from "./count.ts";
import type { Notice } from "./notice.ts";

/** The notices of all containers: a limited number for each, and one more that says how many are not shown. */
export class NoticeList {
  readonly #shown: Notice[] = [];
  readonly #counts = new Map<string, number>();
  /** By container: whether a warning is among the notices that are not shown. */
  readonly #hidden = new Map<string, { hidden: number; isWarning: boolean }>();

  /** Adds a notice on a container. Calls `make` only for notices that are shown: one container can cause any number. */
  add({ subject, severity }: Pick<Notice, "subject" | "severity">, make: () => Notice): void {
    const shown = this.#counts.get(subject) ?? 0;
    if (shown >= MOST_NOTICES) return this.hide(subject, 1, severity);
    this.#counts.set(subject, shown + 1);
    this.#shown.push(make());
  }

  /** Whether no more of a container are shown. */
  isFull(subject: string): boolean {
    return (this.#counts.get(subject) ?? 0) >= MOST_NOTICES;
  }

  /** Adds notices as they are. */
  addAll(notices: readonly Notice[]): void {
    // Most containers have no notices, and each pass comes by all containers.
    if (notices.length === 0) return;
    for (const notice of notices) this.add(notice, () => notice);
  }

  /** Counts notices that are not shown. */
  hide(subject: string, more: number, severity: Notice["severity"]): void {
    if (more === 0) return;
    const before = this.#hidden.get(subject);
    this.#hidden.set(subject, {
      hidden: (before?.hidden ?? 0) + more,
      isWarning: before?.isWarning === true || severity === "warning",
    });
  }

  /** All that are shown, in the order in which they came, and the counts of the others after them. */
  finish(): readonly Notice[] {
    for (const [subject, { hidden, isWarning }] of this.#hidden) {
      const severity = isWarning ? "warning" : "info";
      const message = `has ${count(hidden, "more notice")} than are shown`;
      this.#shown.push({ severity, code: "more", subject, message });
    }
    return this.#shown;
  }
}
