/** Which route a host and a path lead to: lists, patterns, the one for all others, and what the container sees of the path. */
import assert from "node:assert/strict";
import { Containers, expectBodies } from "./containers_of_routes.ts";
import { sendHead, statusOf } from "./echo.ts";
import { called, canAddServers, onStage, programs } from "./stage.ts";

/** As many segments as a path may have. */
const DEEPEST = "/d".repeat(100);

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
        // What comes before the dots is too long for an expression that repeats a group for each of its letters.
        [`w.test/s/%${"25".repeat(6_500)}/../x`]: "400",
        "add.test/": "add /base/",
        "add.test/x/y": "add /base/x/y",
        "add.test/%2e%2e/x": "400",
        "re.test/v2/a/b?c=d": "regex /a/b/2?c=d",
        "re.test/v22/a": "regex /v22/a",
        "re.test/v2/..%2fa": "400",
        [`re.test/v2/%${"25".repeat(6_500)}/..%2fa`]: "400",
        [`re.test/v2/${"x".repeat(507)}`]: `regex /${"x".repeat(507)}/2`,
        [`re.test/v2/${"x".repeat(508)}`]: `regex /v2/${"x".repeat(508)}`,
      });
      const { count } = stage.applier.loader;
      await containers.apply(stage, {
        ...said,
        cut: { ...said.cut, context_root: ["/b/c", "/z", "/1/2/3/4/5/6/7", DEEPEST] },
        regex: { ...said.regex, path_regex: "/([^/]+)/(.*)" },
      });
      await expectBodies(stage, {
        "w.test/a/x": "404",
        "w.test/z/x": "cut /x",
        "w.test/1/2/3/4/5/6/7/8//9?1/2": "cut /8//9?1/2",
        [`w.test${DEEPEST}/x/d`]: "cut /x/d",
        [`w.test${DEEPEST}`]: "cut /",
        "re.test/v22/a": "regex /a/v22",
      });
      if (canAddServers(program)) assert.equal(stage.applier.loader.count, count);
      await containers.apply(stage, {
        ...said,
        regex: { ...said.regex, path_regex: "/v([^/]*)/(.*)", path_replacement: "/in/\\1\\2" },
      });
      await expectBodies(stage, {
        "re.test/va/b": "regex /in/ab",
        // The dots come together only in the path that the container would see.
        "re.test/v./.%2fout": "400",
        "re.test/v%2/e%2e/out": "400",
        "re.test/v./%2e": "400",
      });
    });
  });
}
