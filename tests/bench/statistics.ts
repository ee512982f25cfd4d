/** Numbers that are told, and the table that they are told in. */

/** The nearest-rank percentile; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)] ?? NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** Milliseconds with as many digits as mean something. */
export function milliseconds(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

/** One line of the table that a benchmark prints. */
export interface Row {
  readonly measure: string;
  readonly aim: string;
  readonly result: string;
  /** What the same measure gave for the naive generator, and how many times worse that is. */
  readonly baseline?: string;
  readonly load: string;
  /** Undefined where the line has no aim of its own. */
  readonly holds?: boolean;
}

/** Prints lines as a table whose columns are as wide as their widest cell. */
export function formatTable(rows: readonly Row[]): string {
  const head = ["", "measure", "aim", "result", "naive generator", "load"];
  const cells = rows.map((row) => [
    row.holds === undefined ? " " : row.holds ? "✓" : "✗",
    row.measure,
    row.aim,
    row.result,
    row.baseline ?? "",
    row.load,
  ]);
  const widths = head.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => (row[at] ?? "").length))
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...cells.map(line)].join("\n");
}
