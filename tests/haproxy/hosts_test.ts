/** Which route a host and a path lead to: lists, patterns, the one for all others, and what the container sees of the path. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { snapshotOf } from "./containers_of_routes.ts";
import { curl, PROTOCOLS } from "./curl.ts";
import { Echo, ok, sendHead, statusOf } from "./echo.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

/** Containers that each answer with a name of their own and the path that they see. */
class Containers implements AsyncDisposable {
  readonly #echoes = new Map<string, Echo>();

  constructor(...names: readonly string[]) {
    for (const name of names) {
      const answer = (head: string) => ok(`${name} ${/^\S+ (\S+)/.exec(head)?.[1]}`);
      this.#echoes.set(name, new Echo(answer));
    }
  }

  /** What is wanted where they say these things, the oldest first. */
  async apply(stage: Stage, said: Readonly<Record<string, unknown>>): Promise<void> {
    const all = Object.entries(said).map(([name, data], at) => {
      const { port } = this.#echoes.get(name) ?? { port: 0 };
      return { ...JSON.parse(snapshotOf(port, { [name]: data }))[0], Created: `2024-01-01T00:0${at}:00Z` };
    });
    await stage.apply(want(stage.routing, JSON.stringify(all), {}));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const echo of this.#echoes.values()) await echo[Symbol.asyncDispose]();
  }
}

async function expectBodies({ httpPort }: Stage, bodies: Readonly<Record<string, string>>): Promise<void> {
  for (const [url, wanted] of Object.entries(bodies)) {
    for (const protocol of PROTOCOLS) {
      const { status, body } = await curl(httpPort, `http://${url}`, protocol);
      assert.equal(status === 200 ? body : `${status}`, wanted, `${protocol} ${url}`);
    }
  }
}

for (const program of programs) {
  Deno.test(`${called(program)}: exact hosts come first, then wildcards, patterns, and the one for all others`, async () => {
    await using containers = new Containers("exact", "wild", "pattern", "other", "rest");
    await onStage(program, {}, async (stage) => {
      const said = {
        exact: { hosts: ["a.test", "b.test"] },
        wild: { hosts: ["*.wild.test"] },
        pattern: {
          hostname: "p.test",
          host_regex: ["(a|c[0-9]|.*wild)[.]test", "x[.]wild[.]test"],
          context_root: "/p",
        },
        other: { hostname: "o.test", host_regex: ["c.*", "(a|c[0-9]|.*wild)[.]test"] },
      };
      await containers.apply(stage, said);
      const before = {
        "a.test/p/x": "exact /p/x",
        "b.test/": "exact /",
        "x.wild.test/p": "wild /p",
        "c1.test/p": "pattern /p",
        "C1.test./p": "pattern /p",
        "c1.test/q": "other /q",
        "cc.test/": "other /",
        "xc1.test/p": "404",
        "c1.test.evil/p": "other /p",
        "nobody.test/": "404",
        "p.test/": "404",
      };
      await expectBodies(stage, before);
      await containers.apply(stage, { ...said, rest: { hostname: "r.test", default_host: true } });
      await expectBodies(stage, {
        ...before,
        "xc1.test/p": "rest /p",
        "nobody.test/": "rest /",
        "nobody.test/a?b": "rest /a?b",
        "p.test/": "rest /",
        "r.test/": "rest /",
      });
      const send = (...lines: string[]) => sendHead(stage.httpPort, ...lines, "Connection: close");
      assert.match(
        await send("GET /haproxy?monitor HTTP/1.1", "Host: nobody.test"),
        /200 OK[^]*Service ready/i,
      );
      for (const host of ["*", "~(a|c[0-9]|.*wild)[.]test", "~", "*.wild.test"]) {
        assert.equal(statusOf(await send("GET /p HTTP/1.1", `Host: ${host}`)), "400", host);
      }
      await containers.apply(stage, said);
      await expectBodies(stage, before);
    });
  });

  Deno.test(`${called(program)}: several paths lead to one container, which sees another path in their place`, async () => {
    await using containers = new Containers("cut", "put", "add", "regex");
    await onStage(program, {}, async (stage) => {
      const said = {
        cut: { hostname: "w.test", context_root: ["/a", "/b/c"], context_root_rewrite: true },
        put: { hostname: "w.test", context_root: ["/s", "/s/deep"], context_root_target: "/t/u" },
        add: { hostname: "add.test", context_root_target: "/base" },
        regex: { hostname: "re.test", path_regex: "/v([0-9])/(.*)", path_replacement: "/\\2/\\1" },
      };
      await containers.apply(stage, said);
      await expectBodies(stage, {
        "w.test/a/x?q=/a": "cut /x?q=/a",
        "w.test/a": "cut /",
        "w.test/b/c//x%2Fy": "cut //x%2Fy",
        "w.test/b": "404",
        "w.test/s/x?y": "put /t/u/x?y",
        "w.test/s/deep/x": "put /t/u/x",
        "w.test/s/deeper": "put /t/u/deeper",
        "w.test/s/../x": "400",
        "add.test/": "add /base/",
        "add.test/x/y": "add /base/x/y",
        "add.test/%2e%2e/x": "400",
        "re.test/v2/a/b?c=d": "regex /a/b/2?c=d",
        "re.test/v22/a": "regex /v22/a",
        "re.test/v2/..%2fa": "400",
        [`re.test/v2/${"x".repeat(507)}`]: `regex /${"x".repeat(507)}/2`,
        [`re.test/v2/${"x".repeat(508)}`]: `regex /v2/${"x".repeat(508)}`,
      });
      await containers.apply(stage, {
        ...said,
        cut: { ...said.cut, context_root: ["/b/c", "/z"] },
        regex: { ...said.regex, path_regex: "/([^/]+)/(.*)" },
      });
      await expectBodies(stage, {
        "w.test/a/x": "404",
        "w.test/z/x": "cut /x",
        "re.test/v22/a": "regex /a/v22",
      });
    });
  });
}
