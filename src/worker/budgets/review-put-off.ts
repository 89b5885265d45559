import type { Message } from "../../messages/message.ts";
import { BudgetError, type FailureDetails } from "../../base/errors.ts";

/** Why a review waits for the next day. */
export type PutOff = {
  /** The setting of the budget that is used up, and what it allows in a day. */
  readonly setting: string;
  readonly limit: number;
  /** When the next day begins, in milliseconds since the epoch, and the time zone whose day it is. */
  readonly untilMs: number;
  readonly timeZone: string;
};

/** A review waits for the next day, since a budget is used up; `putOff` says which, and until when. */
export class ReviewPutOff extends BudgetError {
  readonly putOff: PutOff;

  constructor(message: Message, putOff: PutOff, details: FailureDetails) {
    super(message, details);
    this.putOff = putOff;
  }
}
