/** What `show stat` says, as HAProxy prints it. */
import assert from "node:assert/strict";
import { parseStatistics } from "../../../lib/core/runtime/statistics.ts";

/** Columns of HAProxy's, less those that nobody reads, and one that a later version may bring. */
const HEAD =
  "# pxname,svname,qcur,scur,stot,bin,bout,econ,eresp,status,weight,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx," +
  "hrsp_5xx,hrsp_other,rtime,ttime,new_one,";
const TEXT = [
  HEAD,
  "_web,FRONTEND,,3,12,100,900,,,OPEN,,0,7,1,2,1,0,,,9,",
  "_metrics,FRONTEND,,1,99,100,900,,,OPEN,,0,99,0,0,0,0,,,9,",
  "_tcp:5432,FRONTEND,,2,5,10,20,,,OPEN,,,,,,,,,,9,",
  "shop,shop:abc:80,1,2,9,50,450,3,1,UP 1/2,1,0,5,0,1,1,0,12,30,9,",
  "shop,shop:def:80,0,0,0,0,0,0,0,DOWN 1/3,1,0,0,0,0,0,0,0,0,9,",
  "shop,BACKEND,4,2,9,50,450,3,1,UP,1,0,5,0,1,2,0,11,29,9,",
  "_spare_1,BACKEND,0,0,0,0,0,0,0,UP,0,0,0,0,0,0,0,0,0,9,",
  "db,db:abc:5432,0,2,5,10,20,2,1,no check,1,,,,,,,0,0,9,",
  "db,BACKEND,0,2,5,10,20,2,1,UP,1,,,,,,,0,0,9,",
  "",
  "",
].join("\n");

Deno.test("sections have their own counters and those of their servers, HTTP by answers and TCP by sessions", () => {
  const { sections } = parseStatistics(TEXT);
  assert.deepEqual([...sections.keys()], ["shop", "db"], "a section without servers serves nobody");
  const { servers, ...shop } = sections.get("shop") ?? assert.fail();
  assert.deepEqual(shop, {
    requests: 8,
    errors: 2,
    sessions: 2,
    queued: 4,
    bytesOut: 450,
    answerMs: 11,
    totalMs: 29,
  });
  assert.deepEqual(
    [...servers].map(([name, { status, requests, errors }]) => [name, status, requests, errors]),
    [
      ["shop:abc:80", "UP 1/2", 7, 1],
      ["shop:def:80", "DOWN 1/3", 0, 0],
    ],
  );
  const db = sections.get("db");
  assert.deepEqual([db?.requests, db?.errors, db?.servers.get("db:abc:5432")?.status], [5, 3, "no check"]);
});

Deno.test("clients are those of all frontends but the one where signalbox asks", () => {
  const { clients } = parseStatistics(TEXT);
  assert.deepEqual([clients.requests, clients.errors, clients.sessions], [11 + 5, 1, 5]);
});

Deno.test("an answer that is none has nothing", () => {
  for (const text of ["", "Unknown command: 'show'\n", "# \n"]) {
    const { sections, clients } = parseStatistics(text);
    assert.deepEqual([sections.size, clients.requests], [0, 0], text);
  }
});
