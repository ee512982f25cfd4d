/** Reads Prometheus' text format as its server does, and complains of what that one would refuse. */

/** One line of values. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/;
const UNESCAPED: Readonly<Record<string, string>> = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };

/** The samples of a text; throws an Error that names the line where the text is not in the format (0.0.4). */
export function parseMetrics(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("the last line is not ended");
  const types = new Map<string, string>();
  const finished = new Set<string>();
  const samples: Sample[] = [];
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name = "", rest = ""] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`).exec(line) ?? [];
    const sample = kind === undefined ? parseSample(line) : undefined;
    const family = sample === undefined ? name : familyOf(sample.name, types);
    if (family !== current && finished.has(family)) throw new Error(`${family} comes in two places: ${line}`);
    finished.add(current);
    current = family;
    if (kind === "TYPE") {
      if (types.has(name)) throw new Error(`a second type: ${line}`);
      if (!/^(?:counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(`no type: ${line}`);
      types.set(name, rest);
    }
    if (sample === undefined) continue;
    if (!types.has(family)) throw new Error(`no type was told before: ${line}`);
    samples.push(sample);
  }
  return samples;
}

/** The metric that a sample is of: those of a histogram have endings. */
function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const base = name.replace(/_(?:bucket|sum|count)$/, "");
  return types.get(base) === "histogram" ? base : name;
}

function parseSample(line: string): Sample {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  if (name === "" || Number.isNaN(Number(value)) && value !== "NaN") throw new Error(`no sample: ${line}`);
  return { name, labels: parseLabels(labels, line), value: Number(value) };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== "";) {
    const [whole = "", key = "", value = ""] = LABEL.exec(rest) ?? [];
    if (whole === "") throw new Error(`no label at ${rest}: ${line}`);
    labels[key] = value.replace(/\\[\\"n]/g, (escape) => UNESCAPED[escape] ?? escape);
    rest = rest.slice(whole.length);
  }
  return labels;
}
