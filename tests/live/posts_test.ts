/** A request that is not safe to repeat is never repeated once it was sent. */
import assert from "node:assert/strict";
import { docker, startContainer, WITNESS } from "../harness/engine.ts";
import { httpGet } from "../harness/http.ts";
import { live } from "./stage.ts";

const HOST = "posted.local";
const DEATHS = 4;
/** On a busy machine a container may die between two requests: it dies again until one was cut. */
const MOST_DEATHS = 40;
const CLIENTS = 8;

live("no POST is delivered twice, however abruptly its container dies", async (stage) => {
  const notes = `${stage.folder}/notes`;
  await Deno.mkdir(notes);
  const router = await stage.router();
  const start = (name: string) =>
    startContainer({
      image: WITNESS,
      env: { NAME: name, NOTES: `/notes/${name}` },
      flags: ["--hostname", HOST, "-v", `${notes}:/notes`],
    });
  const ids = [await start("one"), await start("two")];
  const answeredBy = async (name: string) => {
    for (;;) if ((await router.get(HOST)).body === name) return;
  };
  await answeredBy("one");
  await answeredBy("two");

  let isOver = false;
  const sent = new Map<string, number | string>();
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let count = 0; !isOver; count++) {
      const id = `${client}-${count}`;
      const answer = httpGet({ port: router.port, host: HOST, path: `/post?id=${id}&ms=10`, method: "POST" });
      sent.set(id, await answer.then(({ status }) => status, (error) => String(error)));
    }
  });
  const noted = async () => {
    const ids: string[] = [];
    for await (const { name } of Deno.readDir(notes)) {
      ids.push(...(await Deno.readTextFile(`${notes}/${name}`)).split("\n").filter((id) => id !== ""));
    }
    return ids;
  };
  const isCut = (id: string) => sent.has(id) && sent.get(id) !== 200;
  const isProven = async () => (await noted()).some(isCut);
  for (let death = 0; death < DEATHS || (death < MOST_DEATHS && !await isProven()); death++) {
    const id = ids[death % 2] ?? "";
    await docker("kill", id);
    await docker("start", id);
    await answeredBy(death % 2 === 0 ? "one" : "two");
  }
  isOver = true;
  await Promise.all(clients);

  const all = await noted();
  assert.deepEqual(all.filter((id, at) => all.indexOf(id) !== at), [], "delivered twice");
  assert.ok(all.some(isCut), "no container died with a POST that it had got, so that nothing is proven");
});
