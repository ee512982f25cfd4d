import { HandClock } from "./hand_clock.ts";

/** A clock on which sleeping is what makes time pass. */
export class SteppingClock extends HandClock {
  override sleep(milliseconds: number): Promise<void> {
    this.pass(milliseconds);
    return Promise.resolve();
  }
}
