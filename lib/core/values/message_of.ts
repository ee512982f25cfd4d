/** The message of anything that was thrown. Advice that helps only whoever builds the binary is replaced by advice for users. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A rule of Deno's: such files need all permissions there are.
  const special = error.name === "NotCapable" && /^Requires all access to ("[^"]*")/.exec(error.message);
  return special ? `signalbox uses no file below /dev, /proc and /sys, such as ${special[1]}` : error.message;
}
