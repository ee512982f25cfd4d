import type { Notice } from "../core/values/notice.ts";

/** A notice without what variables of a compose file hold. */
export function hiddenNotice(notice: Notice, hide: (text: string) => string): Notice {
  const { subject, message, excerpt } = notice;
  const shown = { ...notice, subject: hide(subject), message: hide(message) };
  if (excerpt === undefined) return shown;
  // The place may be within a value.
  const whole = hide(`${excerpt.before}${excerpt.after}`);
  const isSame = whole === `${excerpt.before}${excerpt.after}`;
  return { ...shown, excerpt: isSame ? excerpt : { before: whole, after: "" } };
}
