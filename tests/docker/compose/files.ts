/** Compose projects whose files are texts in a test. */
import assert from "node:assert/strict";
import type { ComposeService } from "../../../lib/docker/compose/service.ts";
import { type ComposeProject, readProject } from "../../../lib/docker/compose/project.ts";

/** What a project is read with, beside its files. */
export type Given = {
  readonly files?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly envFiles?: readonly string[];
  readonly profiles?: readonly string[];
  readonly projectName?: string;
  readonly isSwarm?: boolean;
};

/** Reads the project of the given texts by path; the first is the compose file unless others are named. */
export function projectOf(
  texts: Readonly<Record<string, string>>,
  {
    files = Object.keys(texts).slice(0, 1),
    env = {},
    envFiles = [],
    profiles = [],
    projectName,
    isSwarm = false,
  }: Given = {},
): Promise<ComposeProject> {
  return readProject({
    files,
    envFiles,
    profiles,
    projectName,
    isSwarm,
    workingFolder: "/home/me/My Shop",
    env: (name) => env[name],
    read: (path) => {
      const text = texts[path];
      return text === undefined ? Promise.reject(new Error("there is no such file")) : Promise.resolve(text);
    },
  });
}

/** A service of a project without mistakes. */
export async function serviceOf(
  texts: Readonly<Record<string, string>>,
  name: string,
  given: Given = {},
): Promise<ComposeService> {
  const { services, mistakes } = await projectOf(texts, given);
  assert.deepEqual(mistakes, []);
  const service = services.find((each) => each.name === name);
  assert.ok(service !== undefined, `there is no service ${name}`);
  return service;
}
