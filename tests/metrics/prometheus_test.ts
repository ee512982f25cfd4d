/** A real Prometheus reads the metrics, the dashboard and the alerts of examples/. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inspected } from "../cli/world.ts";
import { FaultStage } from "../faults/stage.ts";
import { certificate } from "../haproxy/certificate.ts";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { noPrometheus, PrometheusServer, promtool, promtoolOn } from "./prometheus_server.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const RULES = `${EXAMPLES}prometheus/alerts.yml`;

type Target = { readonly expr: string };
type Panel = { readonly title: string; readonly targets?: readonly Target[] };

/** Every query of the dashboard, as Grafana sends it, by its panel. */
async function queries(): Promise<readonly (readonly [panel: string, query: string])[]> {
  const { panels, annotations } = JSON.parse(
    await Deno.readTextFile(`${EXAMPLES}grafana/signalbox.json`),
  ) as {
    readonly panels: readonly Panel[];
    readonly annotations: { readonly list: readonly ({ readonly name: string } & Target)[] };
  };
  const all = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
    ...annotations.list.map(({ name, expr }) => [name, expr] as const),
  ];
  return all.map((
    [title, expr],
  ) => [title, expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*")]);
}

/** What is about things that do not happen here. */
const EMPTY = ["Engines followed anew, in an hour", "Reloads"];

/** signalbox with a route, a container that has none, a certificate, and something that was changed by a command. */
async function busyStage(port: number, flags: readonly string[] = []): Promise<FaultStage> {
  const stage = await FaultStage.open({ host: "good.example" });
  const { path } = await certificate();
  stage.start(["--admin", `127.0.0.1:${port}`, "--tls-cert", path, ...flags]);
  await stage.answers("good.example");
  await stage.want({ host: "good.example" }, { host: "new.example" });
  await stage.answers("new.example");
  const snapshot = `${stage.folder}/snapshot.json`;
  const containers = JSON.parse(await Deno.readTextFile(snapshot)) as unknown[];
  await stage.write("next.json", JSON.stringify([...containers, inspected("silent", "silent")]));
  await Deno.rename(`${stage.folder}/next.json`, snapshot);
  await eventually(async () => (await stage.status()).measured?.containers.left["no-host"] === 1, {
    what: "the container without a host to be counted",
  });
  return stage;
}

Deno.test({
  name: "Prometheus scrapes the metrics, and answers every query of the dashboard and of the alerts",
  ignore: noPrometheus !== undefined,
  fn: async () => {
    const port = freePort();
    await using _stage = await busyStage(port);
    await using prometheus = await PrometheusServer.start(`127.0.0.1:${port}`, RULES);
    const isUp = async () =>
      (await prometheus.query("up == 1 and on () count_over_time(up[1m]) > 3")).series === 1;
    await eventually(isUp, { what: "some scrapes", limitMs: 60_000 });
    for (const [panel, query] of await queries()) {
      // A scrape that takes too long leaves nothing to show, until the next one.
      await eventually(async () => {
        const { series, error } = await prometheus.query(query);
        assert.equal(error, undefined);
        return series > 0 || EMPTY.includes(panel);
      }, { what: `${panel} to show something: ${query}` });
    }
    const rules = await eventually(async () => {
      const all = await prometheus.rules();
      return [...all.values()].includes("unknown") ? undefined : all;
    }, { what: "the alerts to be evaluated" });
    assert.deepEqual([...rules].filter(([, why]) => why !== undefined), []);
    assert.ok(rules.size > 10);
  },
});

for (const { version, path } of await haproxies()) {
  Deno.test({
    name: `promtool has no complaint about the metrics, those of haproxy ${version} among them`,
    ignore: noPrometheus !== undefined,
    fn: async () => {
      const port = freePort();
      await using _stage = await busyStage(port, ["--haproxy", path]);
      const { body } = await httpGet({ port, path: "/metrics" });
      assert.match(body, /^haproxy_backend_http_responses_total\{proxy="new\.example"/m);
      assert.match(body, /^signalbox_ready_to_routed_seconds_count [1-9]/m);
      assert.match(body, /^signalbox_event_to_applied_seconds_count\{way="commands"\} /m);
      assert.match(body, /^signalbox_changes_total\{kind="add-server"\} [1-9]/m);
      assert.match(body, /^signalbox_routed_containers 2$/m);
      assert.match(body, /^signalbox_unrouted_containers\{reason="no-host"\} 1$/m);
      assert.deepEqual(await promtoolOn(body, "check", "metrics"), { code: 0, said: "" });
      const { body: small } = await httpGet({ port, path: "/metrics?scope=global&no-maint" });
      assert.match(small, /^haproxy_process_uptime_seconds /m);
      assert.doesNotMatch(small, /^haproxy_backend/m);
    },
  });
}

Deno.test({
  name: "the alerts of examples/prometheus pass their unit tests, and the scrape config loads",
  ignore: noPrometheus !== undefined,
  fn: async () => {
    const tested = await promtool("test", "rules", `${EXAMPLES}prometheus/alerts_test.yml`);
    assert.equal(tested.code, 0, tested.said);
    const checked = await promtool("check", "config", `${EXAMPLES}prometheus/prometheus.yml`);
    assert.equal(checked.code, 0, checked.said);
    const [alerts, tests] = await Promise.all(
      ["alerts.yml", "alerts_test.yml"].map((name) => Deno.readTextFile(`${EXAMPLES}prometheus/${name}`)),
    );
    for (const [, name = ""] of (alerts ?? "").matchAll(/- alert: (\w+)/g)) {
      assert.match(tests ?? "", new RegExp(`alertname: ${name}\\b`), `${name} has a test`);
    }
  },
});
