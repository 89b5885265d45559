import { DEFAULT_CONVERSATION } from "../review/conversation/conversation-options.ts";
import type { Conversation } from "../worker/conversation/conversation.ts";
import type { Runners } from "./open-runners.ts";
import type { createProjectRoutes } from "./route-projects.ts";

/** How notes are answered: by the rules of their project, questions where a model is set up. */
export const createConversation = ({
  routes,
  runners,
  store,
  lessons,
}: {
  readonly routes: ReturnType<typeof createProjectRoutes>;
  readonly runners: Pick<Runners, "answers">;
  readonly store: Conversation["store"];
  readonly lessons: Conversation["lessons"] | null;
}): Conversation => ({
  ...DEFAULT_CONVERSATION,
  rules: (path) => routes(path)?.rules ?? DEFAULT_CONVERSATION.rules(path),
  answers: runners.answers,
  store,
  ...(lessons === null || lessons === undefined ? {} : { lessons }),
});
