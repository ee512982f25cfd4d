/** What may stand in a rendered config: each line of a backend is one of these, or the config says more than the model. */
import { BACKEND_OPTIONS } from "../../lib/core/keys/backend_option.ts";
import type { Model } from "../../lib/core/model/model.ts";

const TEXT = String.raw`[A-Za-z0-9._~!$&()*+,;=:@%/?-]+`;
const NAME = "[A-Za-z0-9_.:-]+";
const written = Object.entries(BACKEND_OPTIONS).flatMap(([name, { renamed }]) => [name, renamed?.to ?? name]);
const OPTION = [...new Set(written)].join("|");
const TLS =
  `(?: check-ssl)? ssl verify (?:none|required) (?:sni var\\(txn\\.host\\)|sni str\\(${NAME}\\) check-sni ${NAME})` +
  `(?: ca-file \\S+(?: verifyhost ${NAME})?)?`;

/** Lines of a backend (HAProxy manual, 4.2), from the templates and the tables of what a container may ask for. */
const BACKEND_LINES: readonly RegExp[] = [
  /^balance (?:roundrobin|static-rr|leastconn|first|source|random(?:\(\d+\))?|uri|hdr\([A-Za-z0-9-]+\)|url_param [\w-]+)$/,
  /^hash-type consistent$/,
  new RegExp(
    `^option (?:httpchk(?: [A-Z]+ ${TEXT}(?: HTTP/1\\.[01])?)?|tcp-check|ssl-hello-chk|redis-check|ldap-check)$`,
  ),
  /^option (?:smtpchk(?: (?:HELO|EHLO) [\w.-]+)?|(?:mysql|pgsql)-check(?: user [\w.-]+)?)$/,
  new RegExp(`^http-check send(?: hdr [A-Za-z0-9-]+ ${TEXT})+$`),
  new RegExp(`^option (?:${OPTION})(?: (?:except|header|if-none|preserve|delete|reject|[0-9A-Za-z:./-]+))*$`),
  // HAProxy prints the text with its variables in it, and here none is set.
  /^tcp-response content +(?:"\$\{SIGNALBOX_LAST_TRY\}" )?if \{ var\(txn\.third\) -m found \} !\{ status ge 100 \}$/,
  /^http-after-response set-header Connection close$/,
  /^http-request redirect location https:\/\/%\[var\(txn\.host\)\](?::\d+)?%\[pathq\] code 308 if !\{ ssl_fc \}(?: \{ var\(txn\.host\) -m (?:str|end)(?: [a-z0-9._-]+)+ \})?$/,
  new RegExp(`^http-request set-header X-Forwarded-Prefix /${TEXT}$`),
  /^http-request deny deny_status 400 if \{ path -m reg -i '?[^'a-z]*2f\|5c[^'a-z]*2e[^'a-z]*'? \}$/,
  /^http-request set-path \/%\[path,bytes\(\d+\)\]$/,
  new RegExp(
    `^server ${NAME} (?:[0-9.]+|\\[[0-9a-f:]+\\]):\\d+ id \\d+ check inter \\d+(?: weight \\d+)?(?:${TLS})?$`,
  ),
];

/** A section: `backend app.local` and its lines without comments, trimmed. */
export interface ConfigSection {
  readonly head: string;
  readonly lines: readonly string[];
}

/** The sections of a config, in their order. */
export function sectionsOf(config: string): ConfigSection[] {
  const sections: { head: string; lines: string[] }[] = [];
  for (const line of config.split("\n")) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    if (/^[a-z]/.test(line)) sections.push({ head: text, lines: [] });
    else sections.at(-1)?.lines.push(text);
  }
  return sections;
}

/** Every line that the model did not ask for, with its section; empty where all is as it should be. */
export function strangeLines(config: string, model: Model): string[] {
  const sections = sectionsOf(config);
  const isStrange = (line: string) => !BACKEND_LINES.some((allowed) => allowed.test(line));
  const servers = new Map(model.backends.map(({ name, servers }) => [`backend ${name}`, servers.length]));
  const found: string[] = [];
  const heads = sections.map(({ head }) => head);
  // Where HAProxy can add backends, new ones inherit from the same defaults as those that are there.
  const hasAnswers = heads.includes("defaults _answers from _base");
  const answers = hasAnswers ? ["defaults _answers from _base"] : [];
  const front = ["global", "defaults _base", "defaults from _base", "frontend _web"];
  const begin = [...front, ...answers, "backend _unknown_host"];
  if (heads.slice(0, begin.length).join() !== begin.join()) {
    found.push(`it begins with ${heads.slice(0, begin.length).join(", ")}`);
  }
  const isEmpty = hasAnswers ? /^backend _spare_\d+$/ : /^defaults _defaults_\d+ from _base$/;
  for (const { head, lines } of sections.slice(begin.length - 1)) {
    if (head === "backend _unknown_host") {
      if (lines.length !== 1) found.push(`${head}: ${lines.length} lines`);
      continue;
    }
    const expected = isEmpty.test(head) ? 0 : servers.get(head);
    const actual = lines.filter((line) => line.startsWith("server ")).length;
    if (expected !== actual) found.push(`${head}: ${actual} servers, the model has ${expected}`);
    found.push(...lines.filter(isStrange).map((line) => `${head}: ${line}`));
  }
  if (new Set(heads).size !== heads.length) found.push("two sections have one name");
  return found;
}
