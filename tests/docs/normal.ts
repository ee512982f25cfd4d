/** Which differences between what a page shows and what is printed do not matter. */

/** What a test's place has of its own. */
export type Place = { readonly engine: string; readonly folder: string };

/** What was printed, as a reader's machine would have printed it. */
export function shown(text: string, { engine, folder }: Place): string {
  return text.replaceAll(engine, "unix:///var/run/docker.sock").replaceAll(
    `${folder}/state`,
    "/run/signalbox",
  )
    .replaceAll(folder, "/home/you");
}

/** The text with everything that is another one at each run by the kind that it is of. */
export function normal(text: string, place: Place): string {
  return shown(text, place)
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/\b[0-9a-f]{12}(?:[0-9a-f]{52})?\b/g, "ID")
    .replace(/\b(?:\d{1,3}\.){3}\d{1,3}\b/g, "ADDRESS")
    .replace(/\b\d+\.\d+(?:\.\d+)?(?:[-+]\w[\w.+-]*)?/g, "VERSION")
    // Where there is no limit, doctor says nothing of it.
    .replace(/^ok +file descriptors: .*\n/gm, "")
    .replace(/\bpid \d+/g, "pid N")
    .replace(/\b\d+ (ms|s|min|allowed|needed)\b/g, "N $1")
    .replace(/\bid \d{4,}\b/g, "id N")
    .trimEnd();
}
