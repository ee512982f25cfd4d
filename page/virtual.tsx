/// <reference lib="dom" />
import { useEffect, useRef, useState } from "preact/hooks";

/** Rows that are drawn beyond those in sight, so that the next one can be reached by the keyboard. */
const BEYOND = 12;

/** A row's height where the style gives none, in pixels. */
const ROW_PX = 48;

/** Which of many rows of one height are drawn: those in sight of the window, and some more. */
export function useWindow(count: number): {
  readonly box: { current: HTMLDivElement | null };
  readonly first: number;
  readonly end: number;
  readonly rowPx: number;
} {
  const box = useRef<HTMLDivElement | null>(null);
  // At first those in sight alone, so that they are there soon.
  const [seen, setSeen] = useState(() => ({ first: 0, end: Math.ceil(innerHeight / ROW_PX), rowPx: ROW_PX }));
  useEffect(() => {
    const look = () => {
      const place = box.current;
      if (place === null) return;
      const rowPx = rowHeight(place);
      const above = -place.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(above / rowPx) - BEYOND);
      const end = Math.ceil((above + innerHeight) / rowPx) + BEYOND;
      setSeen((before) =>
        before.first === first && before.end === end && before.rowPx === rowPx
          ? before
          : { first, end, rowPx }
      );
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [count]);
  const first = Math.min(seen.first, Math.max(0, count - 1));
  return { box, first, end: Math.min(Math.max(seen.end, first), count), rowPx: seen.rowPx };
}

/** The height that the style gives each row; it grows with the reader's letters. */
function rowHeight(place: HTMLElement): number {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  return parseFloat(getComputedStyle(place).getPropertyValue("--row")) * rem || ROW_PX;
}
