/// <reference lib="dom" />

/** Asks signalbox for something beside the live picture; throws its words where it cannot say. */
export async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  const answer = await fetch(path, { signal });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return await answer.json();
}
