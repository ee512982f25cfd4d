/** No message quotes what may be a password or its hash, wherever a container wrote it. */
import assert from "node:assert/strict";
import { formatAuthService, parseAuthService } from "../../../lib/core/keys/forward_auth.ts";
import { KEY_NAMES, keyNamed } from "../../../lib/core/keys/route_keys.ts";
import { VARIANT_KEYS } from "../../../lib/core/keys/variant_keys.ts";
import { shownData, shownLabel, shownLabelName } from "../../../lib/core/labels/shown_words.ts";
import { readRouteData, SaidBefore } from "../../../lib/core/labels/read_routes.ts";
import { formatNotice, quote } from "../../../lib/core/values/notice.ts";
import { withoutSecrets } from "../../../lib/core/values/secret_text.ts";
import { container } from "../containers.ts";

const BCRYPT = "$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
const SHA256 = `{SHA256}c2FsdHNhbHQ$${"ab".repeat(32)}`;
const SECRET = /hunter2|abcdefghijk|abababab|c2FsdHN/;

/** All that is said of a container's words. */
function messages(words: { interlockData?: string; labels?: Readonly<Record<string, string>> }): string {
  const read = readRouteData(container("web", { labels: {}, ...words }), [3, 2], new SaidBefore());
  return [
    ...read.complaints.map((each) => formatNotice({ ...each, subject: "web" })),
    ...read.routes.map(({ fault }) => fault ?? ""),
    read.why,
  ].join("\n");
}

const TEXTS = [
  `{"basic_auth": [${BCRYPT}]}`,
  `{"basic_auth": ["ann:"${SHA256}"]}`,
  `{"basic_auth": [hunter2plain]}`,
  `{"basic_auth": {hunter2plain: 1}}`,
  `{"hostname":"a.test","${`ann:${SHA256}`}":1}`,
  `{"hostname":"a.test","ann:hunter2plain":1}`,
  `{"hostname":"a.test","port":"ann:${SHA256}"}`,
  `{"hostname":"a.test","port":"ann:hunter2plain"}`,
  `{"hostname":"a.test","port":"${"x".repeat(60)}${BCRYPT}"}`,
  `{"port":"ann:hunter2plain" x}`,
  `{"hostname":"a.test","forward_auth":"http://ann:hunter2plain@10.0.0.1:80/"}`,
  `{"hostname":"a.test","forward_auth":"ann:hunter2plain@svc:80/x"}`,
  `{"hostname":"a.test","forward_auth":"http://ann:hun/ter2@hunter2@10.0.0.1"}`,
  `{"hostname":"a.test","basic_auth_realm":["hunter2plain"]}`,
  `{"hostname":"a.test","basic_auth_realm":{"ann":"hunter2plain"}}`,
  `{"hostname":"a.test","redirects":["old.test https://ann:hunter2plain@x.test/"]}`,
  `"ann:hunter2plain"`,
  `["hunter2plain","ann:${SHA256}"]`,
  '{"hostname":"a.test","match_headers":["X-Key hunter2"]}',
  `{"hostname":"a.test","match_headers":["X-Key: hunter2${"x".repeat(200)}"]}`,
  '{"hostname":"a.test","match_query":["token=hunter2\\u0000"]}',
  '{"hostname":"a.test","match_cookies":[{"sid":"hunter2"}]}',
  '{"hostname":"a.test","match_headers":["X-Key: hunter2"',
  '{"hostname":"a.test","basic_auth":["ann hunter2"]}',
  '{"hostname":"a.test","forward_auth":"https://10.0.0.1:80/?token=hunter2"}',
  '{"hostname":"a.test","forward_auth":"svc:80/a b?x=hunter2"}',
  '{"hostname":"a.test","redirects":["old.test https://x.test/ ?api_key=hunter2"]}',
  '{"basic_auth":{"hunter2":1,"hunter2":2}}',
  '{"hostname":"a.test","basic_auth.hunter2":1}',
  '{"hostname":"a.test","x":{"basic_auth":{"hunter2":{"alow_from":1}}}}',
];

for (const text of TEXTS) {
  Deno.test(`no secret is told of ${text}`, () => {
    const said = messages({ interlockData: text });
    assert.notEqual(said.trim(), "");
    assert.doesNotMatch(said, SECRET);
  });
}

/** Values with a secret in them, of each kind of key that hides some of its values: right ones and wrong ones. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  secret: [["ann:hunter2"], "ann:hunter2", ["hunter2"], { ann: "hunter2" }, "hunter2"],
  all: [
    ["Authorization: Bearer hunter2", "X-Env hunter2"],
    { "Cookie": "sid=hunter2", "X-Env": "a\u0000hunter2" },
    ["Cookie hunter2", "X-Key: hunter2\n", "X-Key=hunter2\u0001"],
    ...[
      "X-Env: hunter2",
      { "Cookie": 5, "X": ["hunter2"] },
      [["hunter2"]],
      [{ "Cookie": "hunter2" }],
      "hunter2",
    ],
  ],
  query: [
    ...["https://svc:80/x?token=hunter2", "http://ann:hunter2@10.0.0.1/", "http://svc:80/a#hunter2"],
    ...["http://ann:hun?hunter2@10.0.0.1/", "http://ann:a hunter2@svc:80", { url: "hunter2" }, [
      "svc:80/?hunter2",
    ]],
    ...["svc:80/x?token=hunter2", "svc:80/<?hunter2"],
  ],
  headers: [
    "httpchk GET / HTTP/1.1\\r\\nAuthorization:\\ Basic\\ hunter2",
    "httpchk GET / HTTP/1.1\r\nAuthorization: Bearer hunter2",
    "httpchk GET / HTTP/1.1\r\nX-Api-Key: hunter2",
    ...["httpchk GET / HTTP/1.1 X-Env: hunter2", "httpchk GET /?token=hunter2 <", [
      "httpchk GET / HTTP/1.0 hunter2",
    ], {
      a: "hunter2",
    }],
    "httpchk GET http://ann:hunter2@x/",
  ],
};

for (const name of KEY_NAMES) {
  const { label, isSecret, hidesValue, kind } = keyNamed(name);
  const way = isSecret === true ? "secret" : hidesValue;
  if (way === undefined) continue;
  const values = VALUES[way] ?? [];

  Deno.test(`no message has a value of ${name} where it is wrong, misspelt, or in JSON that cannot be read`, () => {
    for (const value of values) {
      const json = JSON.stringify(value);
      const texts = [
        `{"hostname":"a.test","${name}":${json}}`,
        `{"hostname":"a.test","${name}s":${json}}`,
        `{"hostname":"a.test","${name}":${json}`,
        `{"${name}":${json},"hostname":a.test}`,
        `{"${name}":${json},"hostname":"a.test" x}`,
        `[{"hostname":"a.test","${name}":${json}},"${name}"]`,
        `{hostname:"a.test",${name}:${json}}`,
        `{"hostname":"a.test","x":{"${name}":${json}}}`,
      ];
      for (const interlockData of texts) {
        assert.doesNotMatch(messages({ interlockData }), SECRET, interlockData);
      }
      for (const text of [value].flat().filter((each) => typeof each === "string")) {
        const spellings = [label, `${label}.1`, `x.${label}`, `${label}s`, `${label}.x`, `${label}=${text}`];
        for (const spelling of spellings.flatMap((each) => [`interlock.${each}`, `interlok.${each}`])) {
          const labels = { "interlock.hostname": "a.test", [spelling]: text };
          assert.doesNotMatch(messages({ labels }), SECRET, JSON.stringify(labels));
        }
      }
    }
  });

  // The values of variants decide which requests they are for.
  if (name.startsWith("match_")) continue;
  Deno.test(`a snapshot has no secret of ${name}, and costs what it cost`, () => {
    // What is right, where its header proves nothing, is rendered as it is.
    const isKept = (value: unknown) => way === "all" && /X-Env/.test(JSON.stringify(value));
    for (const value of values.filter((each) => !isKept(each))) {
      for (const spelling of [name, `${name}s`]) {
        const text = JSON.stringify({ hostname: "a.test", [spelling]: value });
        const [before, after] = [text, shownData(text)].map(costOf);
        assert.doesNotMatch(shownData(text), SECRET, text);
        assert.deepEqual(after, before, text);
        assert.doesNotMatch(shownData(text.slice(0, -1)), SECRET, text);
      }
      if (kind !== "string" || typeof value !== "string") continue;
      for (const spelling of [`interlock.${label}`, `interlock.x.${label}`, `interlok.${label}`]) {
        assert.doesNotMatch(shownLabel(spelling, value), SECRET, `${spelling}=${value}`);
      }
    }
  });
}

/** What a container's words come to: what each route has, and how many notices there are. */
function costOf(interlockData: string): unknown {
  const { routes, complaints } = readRouteData(
    container("web", { labels: {}, interlockData }),
    [3, 2],
    new SaidBefore(),
  );
  return [
    routes.map(({ fault, ...rest }) => [fault !== undefined, Object.keys(rest).sort()]),
    complaints.length,
  ];
}

Deno.test("a snapshot keeps the headers of a route and of its check, without what proves who somebody is", () => {
  const request_headers = ["X-Env: prod", "Authorization: Bearer hunter2", "-Cookie"];
  const check = "httpchk GET /health HTTP/1.1\\r\\nHost:\\ a.test\\r\\nX-Api-Key:\\ hunter2";
  const shown = JSON.parse(shownData(JSON.stringify({ hostname: "a.test", request_headers, check })));
  assert.deepEqual(shown.request_headers, ["X-Env: prod", "Authorization: …", "-Cookie"]);
  assert.equal(
    shown.check,
    "httpchk GET /health HTTP/1.1\\r\\nHost:\\ a.test\\r\\nX-Api-Key:\\ ...",
  );
  assert.equal(shownLabel("interlock.request_header.2", "Cookie: sid=hunter2"), "Cookie: …");
  assert.deepEqual(JSON.parse(shownData('{"request_headers":{"X-Env":"prod","Cookie":"sid=hunter2"}}')), {
    request_headers: { "X-Env": "prod", "Cookie": "…" },
  });
  // Which requests a variant is for would be lost.
  const matches = '{"hostname":"a.test","match_headers":["X-Api-Key: abc"]}';
  assert.equal(shownData(matches), matches);
  // A route that is called as a key is.
  assert.equal(shownLabel("interlock.auth.hostname", "auth.test"), "auth.test");
  assert.equal(shownLabel("com.example.api-token", "hunter2"), "…");
});

Deno.test("no secret is told of a label's name", () => {
  const labels = { "interlock.hostname": "a.test", "interlock.bsic_auth.ann:hunter2plain": "x" };
  assert.match(messages({ labels }), /"interlock\.bsic_auth\.…"/);
  assert.doesNotMatch(messages({ labels }), SECRET);
});

Deno.test("what is no secret is quoted as it is", () => {
  const texts = [
    ...["www.example.com:8080", "10.0.0.5:80", "10.0.0.5:99999999", "[fd00::5]:8080", "fd00::5", "::1/128"],
    ...["http://10.0.0.1", "https://www.example.com:8443/a?b=c", "authelia:9091/api/verify", "X-Canary: yes"],
    ...["a b", "ann@example.com", "8080:80", "tcp://10.0.0.1:2375"],
  ];
  for (const text of texts) assert.equal(withoutSecrets(text), text);
  assert.equal(quote({ a: ["10.0.0.5:80", "ann:hunter2"] }), '{"a":["10.0.0.5:80","ann:…"]}');
});

Deno.test("of a long text so much is looked through as may be shown, and no secret of it is told", () => {
  const long = "a".repeat(60_000);
  const texts = [
    ...[long, `${long}:hunter2@x`, `https://hunter2${long}@x`, `ann:hunter2${long}`, `ann:hunter2,${long}`],
    ...["a:".repeat(30_000), "a@".repeat(30_000), `${BCRYPT},`.repeat(1_000), `${SHA256},`.repeat(1_000)],
    ...[`${BCRYPT},`.repeat(68) + BCRYPT, `${SHA256},`.repeat(43) + SHA256.repeat(9)],
  ];
  const replace = RegExp.prototype[Symbol.replace];
  let longest = 0;
  RegExp.prototype[Symbol.replace] = function (this: RegExp, text: string, by: never) {
    longest = Math.max(longest, text.length);
    return replace.call(this, text, by);
  } as typeof replace;
  try {
    for (const text of texts) {
      for (const value of [text, [text], { [text]: 1 }]) {
        assert.doesNotMatch(quote(value), SECRET, text.slice(0, 80));
      }
    }
  } finally {
    RegExp.prototype[Symbol.replace] = replace;
  }
  assert.ok(longest > 0 && longest < 5_000, `${longest}`);
  assert.equal(quote(long), JSON.stringify(`${"a".repeat(80)}…`));
});

Deno.test("what stands behind a name and a colon is hidden, and a user in front of a host", () => {
  for (const text of ["aaaa", "aa.bb-cc+dd", "a:b:c:d"]) {
    assert.equal(withoutSecrets(`${text}:x`), `${text.split(":")[0]}:…`);
  }
  assert.equal(withoutSecrets("a:b@c:d@e f:g@h"), "a:… f:…");
  assert.equal(withoutSecrets("x@y:z"), "x@y:…");
  assert.equal(withoutSecrets("https://u:p@h:80/x ann@x:1"), "https://…@h:80/x ann@x:1");
});

Deno.test("explain tells the names of headers, parameters and cookies that a variant asks for, and no value", () => {
  const matches = [{ name: "x-beta", value: "hunter2" }, { name: "y", value: undefined }];
  for (const key of ["match_headers", "match_query", "match_cookies"] as const) {
    assert.equal(VARIANT_KEYS[key].shown(matches as never), "x-beta with a value, y");
  }
});

Deno.test("no secret is told of a label's name or value, and explain tells no query of forward_auth", () => {
  const labels: readonly (readonly [string, string])[] = [
    ["interlock.basic_auth.hunter2", "x"],
    ["interlock.match_header.X-Key=hunter2", "x"],
    ["interlock.match_header", "X-Key hunter2"],
    ["interlok.basic_auth.hunter2", "x"],
    ["interlock.forward_auth", "https://10.0.0.1:80/?token=hunter2"],
  ];
  for (const [label, text] of labels) {
    const said = messages({ labels: { "interlock.hostname": "a.test", [label]: text } });
    assert.notEqual(said.trim(), "", label);
    assert.doesNotMatch(said, SECRET, label);
  }
  const service = parseAuthService("authelia:9091/api/verify?token=hunter2");
  assert.ok(service.ok);
  assert.equal(formatAuthService(service.value), "authelia (which cannot be asked)");
  const at = parseAuthService("http://10.0.0.1:9091/api/verify?token=hunter2");
  assert.ok(at.ok);
  assert.equal(formatAuthService(at.value), "http://10.0.0.1:9091/api/verify?…");
});

Deno.test("a snapshot has no secret of a label's name, of a key that stands twice, or of a query, and costs what it cost", () => {
  assert.equal(shownLabelName("interlock.basic_auth.hunter2"), "interlock.basic_auth.…");
  assert.equal(shownLabelName("interlock.basic_auth.1"), "interlock.basic_auth.1");
  assert.equal(shownLabelName("com.example.basic_auth.hunter2"), "com.example.basic_auth.hunter2");
  const texts = [
    `{"hostname":"a.test","basic_auth":["ann:hunter2"],"basic_auth":[]}`,
    `{"hostname":"a.test","basic_auth":{"hunter2":"x"}}`,
    `{"hostname":"a.test","basic_auth":["ann hunter2"]}`,
    `{"hostname":"a.test","forward_auth":"svc:80/?token=hunter2"}`,
    `{"hostname":"a.test","basic_auth":[ann:hunter2]}`,
  ];
  for (const text of texts) {
    const shown = shownData(text);
    assert.doesNotMatch(shown, SECRET);
    const faults = [text, shown].map((interlockData) =>
      readRouteData(container("web", { labels: {}, interlockData }), [3, 2], new SaidBefore()).routes
        .map(({ fault }) => fault !== undefined)
    );
    assert.deepEqual(faults[1], faults[0], text);
  }
  assert.equal(shownLabel("interlock.forward_auth", "svc:80/a?token=hunter2"), "svc:80/a?%E2%80%A6");
});
