/** A real Prometheus that scrapes one signalbox, and forgets it all at the end of the block. */
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";

/** Why there is no Prometheus here; undefined where there is one. */
export const noPrometheus: string | undefined = await promtool("--version").then(
  () => undefined,
  () => "promtool is not there: install prometheus",
);

/** Runs promtool; answers with its exit code and all that it said. */
export async function promtool(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  return await promtoolOn("", ...args);
}

/** The same with a text on its standard input. */
export async function promtoolOn(
  input: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => undefined);
  const { code, stdout, stderr } = await child.output();
  const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, said: (out + err).trim() };
}

/** What a query answers: how many series, or why it cannot be answered. */
export type Answered = { readonly series: number; readonly error: string | undefined };

/** Prometheus, with the rules of a file. */
export class PrometheusServer implements AsyncDisposable {
  private constructor(readonly port: number, readonly folder: string, readonly process: Deno.ChildProcess) {}

  /** Starts it; comes back when it answers. */
  static async start(target: string, rules: string): Promise<PrometheusServer> {
    const folder = await Deno.makeTempDir({ prefix: "signalbox-prometheus-" });
    const port = freePort();
    await Deno.writeTextFile(
      `${folder}/prometheus.yml`,
      `global: { scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 250ms }
rule_files: ["${rules}"]
scrape_configs: [{ job_name: signalbox, static_configs: [{ targets: ["${target}"] }] }]
`,
    );
    const process = new Deno.Command("prometheus", {
      args: [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new PrometheusServer(port, folder, process);
    await eventually(async () => (await httpGet({ port, path: "/-/ready" })).status === 200, {
      what: "Prometheus to be ready",
      limitMs: 60_000,
    });
    return server;
  }

  async query(expression: string): Promise<Answered> {
    const { body } = await httpGet({
      port: this.port,
      path: `/api/v1/query?query=${encodeURIComponent(expression)}`,
    });
    const { data, error } = JSON.parse(body) as { data?: { result: unknown[] }; error?: string };
    return { series: data?.result.length ?? 0, error };
  }

  /** Each rule's name, and why Prometheus could not evaluate it. */
  async rules(): Promise<ReadonlyMap<string, string | undefined>> {
    const { body } = await httpGet({ port: this.port, path: "/api/v1/rules" });
    type Rule = { readonly name: string; readonly health: string; readonly lastError?: string };
    const { data } = JSON.parse(body) as { data: { groups: { rules: Rule[] }[] } };
    return new Map(
      data.groups.flatMap(({ rules }) => rules).map(({ name, health, lastError }) =>
        [name, health === "ok" ? undefined : lastError ?? health] as const
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}
