/** Requests of one host and path that go to different containers: by method, header, query, cookie, and by chance. */
import assert from "node:assert/strict";
import { httpGet } from "../harness/http.ts";
import { Containers, expectBodies } from "./containers_of_routes.ts";
import { curl, PROTOCOLS } from "./curl.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

/** A request as curl sends it, and the container that answers; a status where none does. */
type Asked = readonly [url: string, wanted: string, ...args: readonly string[]];

async function expectAnswers({ httpPort }: Stage, all: readonly Asked[]): Promise<void> {
  for (const [url, wanted, ...args] of all) {
    for (const protocol of PROTOCOLS) {
      const { status, body } = await curl(httpPort, `http://${url}`, protocol, ...args);
      const found = status === 200 ? body.split(" ")[0] : `${status}`;
      assert.equal(found, wanted, `${protocol} ${url} ${args.join(" ")}`);
    }
  }
}

const PLAIN = { hostname: "w.test" };

/** Conditions that fill more than half of a row. */
const many = (letter: string) => {
  const eight = (between: string) =>
    Array.from({ length: 8 }, (_, at) => `${letter}${at}${"n".repeat(40)}${between}${"x".repeat(100)}`);
  return { match_headers: eight(": "), match_query: eight("="), match_cookies: eight("=") };
};

for (const program of programs) {
  const name = called(program);

  Deno.test(`${name}: a variant serves the requests that it names, and the plain route all others`, async () => {
    await using containers = new Containers(
      "plain",
      "deep",
      "post",
      "canary",
      "query",
      "two",
      "api",
      "alone",
    );
    await onStage(program, {}, async (stage) => {
      const said = {
        plain: PLAIN,
        deep: { ...PLAIN, context_root: "/api/deep" },
        post: { ...PLAIN, methods: ["post"] },
        canary: { ...PLAIN, match_headers: ["X-Canary: yes", "x-canary: a, b"] },
        query: { ...PLAIN, match_query: ["v=1 2"], alias_domains: ["x.test"] },
        two: { ...PLAIN, match_headers: ["X-Canary"], match_cookies: ["beta=1"] },
        api: { ...PLAIN, context_root: "/api", methods: ["GET", "PUT"], context_root_rewrite: true },
        alone: { hostname: "alone.test", match_headers: ["x-key: %[src]|,\"'\\ <<"] },
      };
      await containers.apply(stage, said);
      await expectAnswers(stage, [
        ["w.test/", "plain"],
        ["w.test/", "post", "-d", "x"],
        ["w.test/", "plain", "-X", "post", "-d", "x"],
        ["w.test/", "canary", "-H", "x-CANARY: yes"],
        ["w.test/", "canary", "-H", "X-Canary: no", "-H", "X-Canary: yes"],
        ["w.test/", "canary", "-H", "X-Canary: a, b"],
        ["w.test/", "plain", "-H", "X-Canary: yes2"],
        ["w.test/?v=1+2", "query"],
        ["w.test/?a&v=%31%202&b", "query"],
        ["w.test/?v=1", "plain"],
        ["w.test/?w=v=1+2", "plain"],
        ["w.test/", "two", "-H", "X-Canary: yes", "-H", "Cookie: a=b; beta=1;c=d"],
        ["w.test/", "plain", "-H", "Cookie: xbeta=1"],
        ["w.test/", "canary", "-H", "X-Canary: yes", "-H", "Cookie: beta=11"],
        ["w.test/api/x", "api"],
        ["w.test/api/x", "post", "-d", "x"],
        ["w.test/api/deep/x", "deep"],
        ["w.test/apis", "plain"],
        ["x.test/?v=1+2", "query"],
        ["x.test/", "404"],
        ["alone.test/", "404"],
        ["alone.test/", "alone", "-H", "x-key: %[src]|,\"'\\ <<"],
      ]);
      await expectBodies(stage, { "w.test/api/x?y": "api /x?y" });
      const { post: _, ...others } = said;
      await containers.apply(stage, others);
      await expectAnswers(stage, [["w.test/", "plain", "-d", "x"], ["w.test/api/x", "plain", "-d", "x"]]);
      const { plain: __, ...rest } = others;
      await containers.apply(stage, rest);
      await expectAnswers(stage, [
        ["w.test/", "404"],
        ["w.test/api/deep", "deep"],
        ["w.test/?v=1+2", "query"],
        ["w.test/api/x", "api"],
        ["w.test/api/x", "404", "-d", "x"],
      ]);
    });
  });

  Deno.test(`${name}: what protects the plain route protects its variants, also those of younger containers`, async () => {
    await using containers = new Containers("plain", "share", "post", "open");
    await onStage(program, {}, async (stage) => {
      const said = {
        plain: { ...PLAIN, deny_from: ["127.0.0.0/8"] },
        share: { ...PLAIN, share: 100 },
        post: { ...PLAIN, context_root: "/x", methods: ["POST"] },
      };
      await containers.apply(stage, said);
      await expectAnswers(stage, [["w.test/", "403"], ["w.test/x", "403", "-d", "x"]]);
      await containers.apply(stage, { ...said, plain: PLAIN });
      await expectAnswers(stage, [["w.test/", "share"], ["w.test/x", "post", "-d", "x"]]);
      await containers.apply(stage, said);
      await expectAnswers(stage, [["w.test/", "403"], ["w.test/x", "403", "-d", "x"]]);
    });
  });

  Deno.test(`${name}: a client in a tight loop never gets past what protects the plain route`, async () => {
    await using containers = new Containers("plain", "share", "post");
    await onStage(program, {}, async (stage) => {
      const plain = { ...PLAIN, deny_from: ["127.0.0.0/8"] };
      const share = { ...PLAIN, share: 100 };
      const post = { ...PLAIN, methods: ["GET"], context_root: "/x" };
      await containers.apply(stage, { plain });
      const statuses = new Set<number>();
      let isOver = false;
      const loop = async (path: string) => {
        while (!isOver) statuses.add((await httpGet({ port: stage.httpPort, host: "w.test", path })).status);
      };
      const loops = ["/", "/x", "/"].map(loop);
      try {
        for (let round = 0; round < 3; round++) {
          await containers.apply(stage, { plain, share });
          await containers.apply(stage, { plain, share, post });
          await stage.replace();
          await containers.apply(stage, {
            plain,
            share: { ...share, share: 50 },
            post: { ...post, balance_algorithm: "uri" },
          });
          await containers.apply(stage, { plain });
        }
      } finally {
        isOver = true;
        await Promise.all(loops);
      }
      assert.deepEqual([...statuses], [403]);
    });
  });

  Deno.test(`${name}: a variant of a host that a pattern serves takes its requests alone, and no guard off`, async () => {
    await using containers = new Containers("pattern", "deep", "post");
    await onStage(program, {}, async (stage) => {
      const pattern = { hostname: "p.test", host_regex: ["(.+)-preview[.]w[.]test"] };
      const said = {
        pattern,
        deep: { hostname: "*.v.test", context_root: "/deep" },
        post: { hosts: ["x-preview.w.test", "x.v.test"], methods: ["POST"] },
      };
      await containers.apply(stage, said);
      await expectAnswers(stage, [
        ["x-preview.w.test/", "pattern"],
        ["x-preview.w.test/", "post", "-d", "x"],
        ["y-preview.w.test/", "pattern", "-d", "x"],
        ["x.v.test/", "post", "-d", "x"],
        ["x.v.test/", "404"],
        ["x.v.test/deep/", "deep", "-d", "x"],
        ["y.v.test/", "404", "-d", "x"],
      ]);
      const closed = { ...pattern, deny_from: ["127.0.0.0/8"] };
      await containers.apply(stage, { ...said, pattern: closed });
      await expectAnswers(stage, [
        ["x-preview.w.test/", "403"],
        ["x-preview.w.test/", "403", "-d", "x"],
        ["x.v.test/deep/", "deep"],
      ]);
    });
  });

  Deno.test(`${name}: an older variant keeps its requests, and one that is protected and has no room closes the rest`, async () => {
    await using containers = new Containers("plain", "post", "one", "two");
    await onStage(program, {}, async (stage) => {
      const said = {
        plain: PLAIN,
        post: { ...PLAIN, methods: ["POST"], deny_from: ["127.0.0.0/8"] },
        one: { ...PLAIN, ...many("a"), methods: ["GET"] },
        two: { ...PLAIN, ...many("b"), methods: ["GET"] },
      };
      await containers.apply(stage, said);
      await expectAnswers(stage, [["w.test/", "plain"], ["w.test/", "403", "-d", "x"]]);
      const { post, ...others } = said;
      await containers.apply(stage, {
        ...said,
        post: { ...PLAIN, methods: ["POST"] },
        two: { ...said.two, deny_from: post.deny_from },
      });
      await expectAnswers(stage, [["w.test/", "403"], ["w.test/", "post", "-d", "x"], ["x.w.test/", "404"]]);
      await containers.apply(stage, others);
      await expectAnswers(stage, [["w.test/", "plain"], ["w.test/", "plain", "-d", "x"]]);
    });
  });

  Deno.test(`${name}: a host of variants alone leaves longer paths to what is above it, near and far`, async () => {
    await using containers = new Containers("every", "wild", "pattern", "post", "put");
    await onStage(program, {}, async (stage) => {
      await containers.apply(stage, {
        every: { hostname: "e.test", default_host: true, context_root: "/every" },
        wild: { hostname: "*.v.test", context_root: "/wild" },
        pattern: { hostname: "p.test", host_regex: ["(.+)-p[.]v[.]test"], context_root: "/pattern" },
        post: { hosts: ["x-p.v.test", "y.test"], methods: ["POST"] },
        put: { hostname: "*.z.test", methods: ["PUT"] },
      });
      await expectAnswers(stage, [
        ["x-p.v.test/", "post", "-d", "x"],
        ["x-p.v.test/", "404"],
        ["x-p.v.test/wild/a", "wild", "-d", "x"],
        ["x-p.v.test/pattern/a", "pattern", "-d", "x"],
        ["x-p.v.test/every/a", "every", "-d", "x"],
        ["y.test/a", "post", "-d", "x"],
        ["y.test/every", "every", "-d", "x"],
        ["a.z.test/a", "put", "-X", "PUT"],
        ["a.z.test/a", "404", "-d", "x"],
        ["a.z.test/every", "every", "-X", "PUT"],
        ["n.test/", "404", "-d", "x"],
      ]);
    });
  });

  Deno.test(`${name}: a wildcard's variant takes its requests from a pattern, and leaves it all others`, async () => {
    await using containers = new Containers("pattern", "own", "patch", "wild", "post");
    await onStage(program, {}, async (stage) => {
      const pattern = { hostname: "p.test", host_regex: ["v[.]w[.]test"] };
      const own = { ...pattern, context_root: "/own", deny_from: ["127.0.0.0/8"] };
      const open = {
        pattern,
        patch: { ...pattern, methods: ["PATCH"] },
        wild: { hostname: "*.w.test", methods: ["PUT", "POST", "PATCH"] },
        post: { hostname: "v.w.test", methods: ["POST"] },
      };
      await containers.apply(stage, open);
      await expectAnswers(stage, [
        ["v.w.test/", "pattern"],
        ["v.w.test/", "post", "-d", "x"],
        ["v.w.test/", "patch", "-X", "PATCH"],
        ["v.w.test/", "wild", "-X", "PUT"],
        ["n.w.test/", "404"],
        ["n.w.test/", "wild", "-X", "PUT"],
      ]);
      await containers.apply(stage, { ...open, own });
      await expectAnswers(stage, [
        ["v.w.test/", "pattern"],
        ["v.w.test/own", "403"],
        ["v.w.test/own", "403", "-X", "PUT"],
        ["v.w.test/", "403", "-X", "PUT"],
      ]);
    });
  });

  Deno.test(`${name}: no younger pattern, host or wildcard opens what an older protected variant of a wildcard refuses`, async () => {
    await using containers = new Containers("every", "wild", "pattern", "own", "upper", "nested");
    await onStage(program, {}, async (stage) => {
      const closed = { deny_from: ["127.0.0.0/8"] };
      const every = { hostname: "e.test", default_host: true };
      const wild = { hostname: "*.w.test", methods: ["PUT", "POST"], ...closed };
      const pattern = { hostname: "p.test", host_regex: ["(.*)v[.]w[.]test"] };
      const own = { hostname: "v.w.test", methods: ["POST"], match_headers: ["x-a"] };
      const upper = { hostname: "*.test" };
      const nested = { hostname: "*.v.w.test", methods: ["PATCH"] };
      const post = ["-d", "x", "-H", "x-a: b"];
      await containers.apply(stage, { every, wild, pattern, own, nested });
      await expectAnswers(stage, [
        ["v.w.test/", "pattern"],
        ["v.w.test/", "403", "-X", "PUT"],
        ["v.w.test/", "403", ...post],
        ["n.w.test/", "every"],
        ["n.w.test/", "403", "-X", "PUT"],
        ["a.v.w.test/", "nested", "-X", "PATCH"],
        ["a.v.w.test/", "403", "-X", "PUT"],
        ["a.v.w.test/", "pattern"],
      ]);
      await containers.apply(stage, { wild, own, nested });
      await expectAnswers(stage, [
        ["v.w.test/", "404"],
        ["v.w.test/", "403", ...post],
        ["a.v.w.test/", "403", "-X", "PUT"],
        ["a.v.w.test/", "nested", "-X", "PATCH"],
      ]);
      await containers.apply(stage, { wild, own, nested, upper });
      await expectAnswers(stage, [
        ["v.w.test/", "upper"],
        ["v.w.test/", "403", "-X", "PUT"],
        ["v.w.test/", "403", ...post],
        ["a.v.w.test/", "nested", "-X", "PATCH"],
      ]);
    });
  });

  Deno.test(`${name}: a younger container that serves a wildcard's host takes its guard from variants, and none that they say`, async () => {
    await using containers = new Containers("wild", "relies", "says", "young");
    await onStage(program, {}, async (stage) => {
      const closed = { deny_from: ["127.0.0.0/8"] };
      const host = { hostname: "x.w.test" };
      const old = {
        wild: { hostname: "*.w.test", ...closed },
        relies: { ...host, methods: ["POST"] },
        says: { ...host, methods: ["PUT"], ...closed },
      };
      const [post, put] = [["-d", "x"], ["-X", "PUT"]];
      await containers.apply(stage, old);
      await expectAnswers(stage, [["x.w.test/", "403"], ["x.w.test/", "403", ...post], [
        "x.w.test/",
        "403",
        ...put,
      ]]);
      await containers.apply(stage, { ...old, young: host });
      await expectAnswers(stage, [["x.w.test/", "young"], ["x.w.test/", "relies", ...post], [
        "x.w.test/",
        "403",
        ...put,
      ]]);
      // What protects the younger one protects the variants too.
      await containers.apply(stage, { ...old, young: { ...host, ...closed } });
      await expectAnswers(stage, [["x.w.test/", "403"], ["x.w.test/", "403", ...post], [
        "x.w.test/",
        "403",
        ...put,
      ]]);
    });
  });

  Deno.test(`${name}: a variant of two hosts opens neither by the guard of the other`, async () => {
    await using containers = new Containers("mine", "yours", "both");
    await onStage(program, {}, async (stage) => {
      const both = { hosts: ["w.test", "v.test"], methods: ["POST"] };
      const mine = { ...PLAIN, allow_from: ["127.0.0.0/8"] };
      await containers.apply(stage, { mine, yours: { hostname: "v.test", deny_from: ["10.0.0.0/8"] }, both });
      await expectAnswers(stage, [
        ["w.test/", "mine"],
        ["v.test/", "yours"],
        ["w.test/", "403", "-d", "x"],
        ["v.test/", "403", "-d", "x"],
      ]);
      await containers.apply(stage, { mine, yours: { ...mine, hostname: "v.test" }, both });
      await expectAnswers(stage, [["w.test/", "both", "-d", "x"], ["v.test/", "both", "-d", "x"]]);
    });
  });

  Deno.test(`${name}: a share of the requests goes to another container, and comes, changes and goes while it runs`, async () => {
    await using containers = new Containers("plain", "share", "other");
    await onStage(program, {}, async (stage) => {
      const count = async (wanted: string) => {
        let found = 0;
        const { httpPort } = stage;
        for (let at = 0; at < 200; at++) {
          if ((await httpGet({ port: httpPort, host: "w.test" })).body.startsWith(wanted)) found++;
        }
        return found;
      };
      await containers.apply(stage, { plain: PLAIN, share: { ...PLAIN, share: 0 } });
      assert.equal(await count("share"), 0);
      await containers.apply(stage, { plain: PLAIN, share: { ...PLAIN, share: 50 } });
      const half = await count("share");
      assert.ok(half > 50 && half < 150, `${half} of 200`);
      await containers.apply(stage, {
        plain: PLAIN,
        share: { ...PLAIN, share: 40 },
        other: { ...PLAIN, share: 60, methods: ["GET"] },
      });
      assert.equal(await count("plain"), 0);
      await containers.apply(stage, { plain: PLAIN });
      assert.equal(await count("plain"), 200);
    });
  });

  Deno.test(`${name}: a client stays on the side of a share that was drawn for it, as the share grows and ends`, async () => {
    await using containers = new Containers("plain", "share");
    await onStage(program, {}, async (stage) => {
      const { httpPort } = stage;
      /** One visit: who answers, and the cookie that the client has from then on. */
      const visit = async (cookie?: string) => {
        const sent = cookie === undefined ? undefined : `a=b; ${cookie}`;
        const { body, headers } = await httpGet({
          port: httpPort,
          host: "w.test",
          headers: { ...sent !== undefined && { cookie: sent } },
        });
        const set = (headers["set-cookie"] ?? "").split(", ").find((each) => each.startsWith("SRV~share="));
        return { by: body.split(" ")[0] ?? "", cookie: set?.split(";")[0] ?? cookie, set, headers };
      };
      const sticky = (share: number, more = {}) => ({
        ...PLAIN,
        share,
        sticky_session_cookie: "SRV",
        ...more,
      });
      await containers.apply(stage, { plain: PLAIN, share: sticky(50, { sticky_session_max_age: "1h" }) });
      const clients = [];
      while (new Set(clients.map(({ by }) => by)).size < 2 || clients.length < 12) {
        clients.push(await visit());
      }
      const isOn = (client: { readonly cookie: string | undefined }, share: number) =>
        Number(client.cookie?.split("=")[1]) < share;
      for (const client of clients) {
        assert.match(client.set ?? "", /^SRV~share=\d\d?; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/);
        assert.match(client.headers["cache-control"] ?? "", /private/);
        assert.equal(client.by, isOn(client, 50) ? "share" : "plain");
        for (let again = 0; again < 5; again++) {
          const next = await visit(client.cookie);
          assert.equal(next.by, client.by);
          assert.equal(next.set, undefined);
        }
      }
      // Who was there stays there as the share grows, and others come to it.
      await containers.apply(stage, { plain: PLAIN, share: sticky(80) });
      for (const client of clients) {
        assert.equal((await visit(client.cookie)).by, isOn(client, 80) ? "share" : "plain");
      }
      // A cookie of no draw is drawn anew.
      for (const wrong of ["SRV~share=x", "SRV~share=100", "SRV~share=-1", "SRV~share="]) {
        assert.match((await visit(wrong)).set ?? "", /SRV~share=\d/, wrong);
      }
      await containers.apply(stage, { plain: PLAIN });
      for (const client of clients) assert.equal((await visit(client.cookie)).by, "plain");
    });
  });
}
