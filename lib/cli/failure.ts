/** An end of the program with a message for the user and an exit code of the contract. */
export class Failure extends Error {
  override readonly name = "Failure";
  constructor(readonly exitCode: number, message: string) {
    super(message);
  }
}

/** A failure that is not the command line's fault: exit code 1. */
export const failed = (message: string): Failure => new Failure(1, message);

/** The command line, a setting or a snapshot cannot be used: exit code 2. */
export const wrongUsage = (message: string): Failure => new Failure(2, message);
