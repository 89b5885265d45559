import { BudgetError, type FailureDetails } from "../../base/errors.ts";
import type { PutOff } from "../../review/budgets/say-put-off.ts";

/** A review waits for the next day, since a budget is used up; `putOff` says which, and until when. */
export class ReviewPutOff extends BudgetError {
  readonly putOff: PutOff;

  constructor(message: string, putOff: PutOff, details: FailureDetails) {
    super(message, details);
    this.putOff = putOff;
  }
}
