import type { NodeKind } from "../node.ts";
import { agentKind } from "./agent/agent.ts";
import { codeKind } from "./code/code.ts";
import { documentExtractorKind } from "./document-extractor/document-extractor.ts";
import { httpRequestKind } from "./http-request/http-request.ts";
import { knowledgeRetrievalKind } from "./knowledge-retrieval/knowledge-retrieval.ts";
import { llmKind } from "./llm/llm.ts";
import { parameterExtractorKind } from "./parameter-extractor/parameter-extractor.ts";
import { questionClassifierKind } from "./question-classifier/question-classifier.ts";
import { toolKind } from "./tool/tool.ts";

/** The kinds that work through a port or on texts and documents. */
export const WORK_KINDS: readonly NodeKind[] = [
  agentKind,
  codeKind,
  documentExtractorKind,
  httpRequestKind,
  knowledgeRetrievalKind,
  llmKind,
  parameterExtractorKind,
  questionClassifierKind,
  toolKind,
];
