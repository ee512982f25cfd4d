import { BOUNDS_SECONDS, type Durations } from "../core/status/histogram.ts";
import type { AccessLogStatus, Status } from "../core/status/status.ts";

type Metric = {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
};
type Sample = {
  /** Behind the metric's name, for those of a histogram. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
};

/** Our own metrics in Prometheus' text format (exposition format 0.0.4), read from the status. */
export function formatMetrics(status: Status): string {
  return metricsOf(status).map(formatMetric).join("");
}

function metricsOf(status: Status): readonly Metric[] {
  return [
    gauge("signalbox_info", "The program that runs.", [{ labels: { version: status.version }, value: 1 }]),
    gauge("signalbox_in_step", "1 where HAProxy has what the containers ask for.", [{
      value: status.trouble === undefined ? 1 : 0,
    }]),
    ...sourceMetrics(status),
    ...routeMetrics(status),
    ...reloadMetrics(status),
    ...measuredMetrics(status),
    ...haproxyMetrics(status),
    gauge(
      "signalbox_certificate_expiry_timestamp_seconds",
      "When a certificate expires, in seconds since 1970.",
      (status.certificates ?? []).filter(({ origin }) => origin !== "self-signed").map((
        { name, validTo },
      ) => ({
        labels: { certificate: name },
        value: Date.parse(validTo) / 1_000,
      })),
    ),
    counter(
      "signalbox_events_total",
      "What signalbox did and found since the start, by kind of event.",
      Object.entries(status.eventCounts ?? {}).map(([event, value]) => ({ labels: { event }, value })),
    ),
    ...acmeMetrics(status.acme),
    ...accessLogMetrics(status.haproxy.accessLog),
  ];
}

function sourceMetrics({ sources }: Status): readonly Metric[] {
  return [
    gauge(
      "signalbox_source_connected",
      "1 where an engine's events come in.",
      sources.map(({ name, isConnected }) => ({ labels: { source: name }, value: isConnected ? 1 : 0 })),
    ),
    counter(
      "signalbox_engine_reconnects_total",
      "How often an engine's events were followed anew.",
      sources.filter(({ reconnects }) => reconnects !== undefined).map(({ name, reconnects }) => ({
        labels: { source: name },
        value: reconnects ?? 0,
      })),
    ),
    gauge(
      "signalbox_containers",
      "Running containers.",
      sources.filter(({ kind }) => kind !== "engines").map(({ name, containers }) => ({
        labels: { source: name },
        value: containers,
      })),
    ),
  ];
}

function routeMetrics({ routes, notices, leaving }: Status): readonly Metric[] {
  const servers = [...new Map(routes.map((route) => [route.backend, route.servers])).values()].flat();
  const warnings = notices.filter((notice) => notice.severity === "warning").length;
  const byCode = Map.groupBy(notices, ({ severity, code }) => `${severity} ${code}`);
  const countOf = (code: string) => notices.filter((notice) => notice.code === code).length;
  return [
    gauge("signalbox_routes", "Hosts and paths that are routed.", [{ value: routes.length }]),
    gauge(
      "signalbox_servers",
      "Servers by state.",
      ["ready", "waiting", "draining", "down"].map((state) => ({
        labels: { state },
        value: servers.filter((server) => server.state === state).length,
      })),
    ),
    gauge("signalbox_leaving_servers", "Removed servers that drain their last connections.", [{
      value: leaving,
    }]),
    gauge("signalbox_warnings", "Standing warnings about containers.", [{ value: warnings }]),
    gauge(
      "signalbox_notices",
      "Standing notices, by severity and the word for their kind.",
      [...byCode].map(([key, all]) => {
        const [severity = "", code = ""] = key.split(" ");
        return { labels: { severity, code }, value: all.length };
      }),
    ),
    gauge("signalbox_quarantined_routes", "Routes that are left out since HAProxy refuses them.", [{
      value: countOf("refused"),
    }]),
    gauge(
      "signalbox_quarantined_certificates",
      "Certificates that are left out since HAProxy refuses them.",
      [{
        value: countOf("certificate-refused"),
      }],
    ),
  ];
}

function reloadMetrics({ reloads, reloadsByReason, lastReload }: Status): readonly Metric[] {
  return [
    counter("signalbox_reloads_total", "Reloads of HAProxy since the start.", [{ value: reloads }]),
    counter(
      "signalbox_reload_reasons_total",
      "Reloads by what made them necessary; one may have several reasons.",
      Object.entries(reloadsByReason).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
    gauge(
      "signalbox_last_reload_seconds",
      "How long the last reload took.",
      lastReload === undefined ? [] : [{ value: lastReload.tookMs / 1_000 }],
    ),
  ];
}

/** What was counted and timed since the start. */
function measuredMetrics({ measured }: Status): readonly Metric[] {
  if (measured === undefined) return [];
  const { applied, changes, firstTraffic, refusals, containers } = measured;
  const byLabel = (label: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([text, value]) => ({ labels: { [label]: text }, value }));
  return [
    histogram(
      "signalbox_event_to_applied_seconds",
      "From what began a change, an engine's event or a container's answer, to HAProxy's answer.",
      Object.entries(applied).map(([way, durations]) => ({ labels: { way }, durations })),
    ),
    histogram(
      "signalbox_ready_to_routed_seconds",
      "From a container's readiness to its first traffic.",
      [{ labels: {}, durations: firstTraffic }],
    ),
    counter("signalbox_changes_total", "Changes of HAProxy by commands, by kind.", byLabel("kind", changes)),
    counter(
      "signalbox_refusals_total",
      "How often HAProxy did not take up what was wanted, by the stage at which that was.",
      byLabel("stage", refusals),
    ),
    gauge("signalbox_routed_containers", "Containers that have a route.", [{ value: containers.routed }]),
    gauge(
      "signalbox_unrouted_containers",
      "Containers that have no route, by the word for the reason.",
      byLabel("reason", containers.left),
    ),
  ];
}

function haproxyMetrics({ haproxy }: Status): readonly Metric[] {
  return [
    gauge("signalbox_haproxy_serving", "1 where HAProxy answers.", [{ value: haproxy.isServing ? 1 : 0 }]),
    gauge("signalbox_haproxy_old_workers", "Old workers that drain after a reload.", [{
      value: haproxy.oldWorkers,
    }]),
    gauge("signalbox_haproxy_failures", "Crashes of HAProxy in a row.", [{ value: haproxy.failures }]),
  ];
}

function acmeMetrics(acme: Status["acme"]): readonly Metric[] {
  if (acme === undefined) return [];
  const hosts = (lists: readonly { readonly hosts: readonly string[] }[]) =>
    lists.reduce((sum, { hosts }) => sum + hosts.length, 0);
  return [
    gauge("signalbox_acme_certificates", "Fetched certificates of routed hosts.", [{
      value: acme.certificates.length,
    }]),
    gauge("signalbox_acme_hosts", "Hosts without the certificate that they should have.", [
      { labels: { state: "asking" }, value: acme.asking.length },
      { labels: { state: "waiting" }, value: hosts(acme.waiting) },
    ]),
    gauge("signalbox_acme_leads", "1 where this signalbox asks the authorities, 0 where another one does.", [{
      value: acme.leader === undefined ? 1 : 0,
    }]),
    gauge("signalbox_acme_stuck", "1 where no certificates can be fetched at all.", [{
      value: acme.trouble === undefined ? 0 : 1,
    }]),
  ];
}

function accessLogMetrics(log: AccessLogStatus | undefined): readonly Metric[] {
  if (log === undefined) return [];
  return [
    counter(
      "signalbox_access_log_reopened_total",
      "How often signalbox opened the access log's stream again.",
      [{
        value: log.reopened,
      }],
    ),
    counter(
      "signalbox_access_log_lost_lines_total",
      "Lines of the access log that HAProxy dropped, because signalbox did not read them in time.",
      [{
        value: log.lost,
      }],
    ),
    counter("signalbox_access_log_gaps_total", "Gaps in the access log of unknown length.", [{
      value: log.gaps,
    }]),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "counter", help, samples };
}

function histogram(
  name: string,
  help: string,
  all: readonly { readonly labels: Readonly<Record<string, string>>; readonly durations: Durations }[],
): Metric {
  return {
    name,
    type: "histogram",
    help,
    samples: all.flatMap(({ labels, durations: { counts, sumSeconds } }) => {
      let sum = 0;
      const buckets = counts.map((count, at): Sample => {
        sum += count;
        const le = BOUNDS_SECONDS[at] === undefined ? "+Inf" : `${BOUNDS_SECONDS[at]}`;
        return { suffix: "_bucket", labels: { ...labels, le }, value: sum };
      });
      return [
        ...buckets,
        { suffix: "_sum", labels, value: sumSeconds },
        { suffix: "_count", labels, value: sum },
      ];
    }),
  };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "gauge", help, samples };
}

function formatMetric({ name, type, help, samples }: Metric): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ suffix = "", labels, value }) => {
    const pairs = Object.entries(labels ?? {}).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
