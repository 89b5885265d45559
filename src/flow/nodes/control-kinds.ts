import type { NodeKind } from "../node.ts";
import { answerKind } from "./answer/answer.ts";
import { assignerKind } from "./assigner/assigner.ts";
import { endKind } from "./end/end.ts";
import { ifElseKind } from "./if-else/if-else.ts";
import { iterationKind } from "./iteration/iteration.ts";
import { iterationStartKind } from "./iteration-start/iteration-start.ts";
import { listOperatorKind } from "./list-operator/list-operator.ts";
import { loopKind } from "./loop/loop.ts";
import { loopEndKind } from "./loop-end/loop-end.ts";
import { loopStartKind } from "./loop-start/loop-start.ts";
import { FAILING_KINDS } from "./failing/failing-kinds.ts";
import { startKind } from "./start/start.ts";
import { templateTransformKind } from "./template-transform/template-transform.ts";
import {
  oldVariableAggregatorKind,
  variableAggregatorKind,
} from "./variable-aggregator/variable-aggregator.ts";

/** The kinds that lead a run: where it starts and ends, how it branches, repeats and keeps values. */
export const CONTROL_KINDS: readonly NodeKind[] = [
  startKind,
  endKind,
  answerKind,
  ifElseKind,
  templateTransformKind,
  variableAggregatorKind,
  oldVariableAggregatorKind,
  iterationKind,
  iterationStartKind,
  loopKind,
  loopStartKind,
  loopEndKind,
  assignerKind,
  listOperatorKind,
  ...FAILING_KINDS,
];
