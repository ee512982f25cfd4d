/**
 * A process of `scripts/dev watch`. It loads what no save changes, and waits. Each line that it reads is a job for it, and each
 * that it writes an answer: what a job has loaded and compiled serves the next one. `deno test` would load lib for each.
 */
import "commander";
import "diff";
import "eta/core";
import "fastest-levenshtein";
import "node:assert/strict";
import { createInterface } from "node:readline";
import process from "node:process";
import "valibot";
import "yaml";
import type { Job } from "./watched_tests.ts";

/** What became of a job; each error with the name of its test. */
export type Answer = { readonly passed: number; readonly errors: readonly string[] };

type Test = { readonly name: string; readonly run: () => void | Promise<void> };

const registered: Test[] = [];
const known = new Map<string, readonly Test[]>();

/** The tests of a file, which registers them when it is loaded. */
async function testsOf(file: string): Promise<readonly Test[]> {
  if (!known.has(file)) await import(new URL(`../${file}`, import.meta.url).href);
  const tests = known.get(file) ?? registered.splice(0);
  known.set(file, tests);
  return tests;
}

async function answer({ files, names }: Job): Promise<Answer> {
  const wanted = names && new Set(names);
  const errors: string[] = [];
  let passed = 0;
  const attempt = async (name: string, run: () => unknown) => {
    try {
      await run();
    } catch (error) {
      errors.push(`${name}\n${error instanceof Error ? error.stack : error}\n`);
    }
  };
  for (const file of files) {
    await attempt(file, async () => {
      for (const { name, run } of await testsOf(file)) {
        if (wanted?.has(name) !== false) await attempt(name, async () => (await run(), passed++));
      }
    });
  }
  return { passed, errors };
}

Object.assign(Deno, { test: (name: string, run: Test["run"]) => void registered.push({ name, run }) });
// Standard output is for answers.
console.log = console.error;
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
