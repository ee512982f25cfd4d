/**
 * An error of the parser of command lines, with the command that lists what would be right where the parser itself has nothing
 * near: `error: unknown option '--foo' (signalbox render --help lists its options)`.
 */
export function withAdvice(message: string, args: readonly string[], commands: readonly string[]): string {
  const [, kind] = /^(?:error: )?unknown (option|command) /.exec(message) ?? [];
  if (kind === undefined || /\(Did you mean /.test(message)) return message;
  const named = kind === "option" ? args.find((arg) => commands.includes(arg)) : undefined;
  const advice = named === undefined
    ? "signalbox --help lists the commands"
    : `signalbox ${named} --help lists its options`;
  return `${message} (${advice})`;
}
