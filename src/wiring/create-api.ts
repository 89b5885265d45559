import type { Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { createApi } from "../http/api/api.ts";
import { deliveryRoutes } from "../http/api/delivery-routes.ts";
import { lessonApiRoutes } from "../http/api/lesson-api-routes.ts";
import { outageRoutes } from "../http/api/outage-routes.ts";
import { backupRoutes, keyRoutes } from "../http/api/upkeep-routes.ts";
import { projectRoutes } from "../http/api/project-routes.ts";
import type { ClientOf } from "../http/client-of.ts";
import type { AttemptLimit } from "../http/dashboard/attempt-limit.ts";
import type { AccessOptions } from "../http/dashboard/dashboard-options.ts";
import type { NoticeTrouble } from "../store/notices/notice-store.ts";
import { createMasking } from "../http/dashboard/mask-text.ts";
import { secretsIn } from "../base/mask-values.ts";
import { shadowApiRoutes } from "../http/api/shadow-routes.ts";
import type { ShadowDesk } from "../http/shadow/shadow-desk.ts";
import type { OpenedStore } from "../store/open-store.ts";
import type { LessonBook } from "../worker/lessons/lesson-book.ts";

/** What the API of a server is made of. */
export type ApiSource = {
  readonly access: AccessOptions;
  readonly attempts: AttemptLimit;
  readonly clientOf: ClientOf;
  /** The settings as a tree whose secrets are of type Secret. */
  readonly settings: object;
  readonly store: Pick<OpenedStore, "views" | "backup" | "keys" | "lessons" | "forgetProject" | "outages">;
  /** The channels that notices did not arrive in; left out where nobody is told of anything. */
  readonly notices?: () => Promise<readonly NoticeTrouble[]>;
  /** Null or left out where nothing is learnt. */
  readonly book?: LessonBook | null;
  /** Left out where nothing is compared. */
  readonly shadows?: ShadowDesk;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** The API for the command line; each kind of thing has its routes here. */
export const createConfiguredApi = ({
  access,
  attempts,
  clientOf,
  settings,
  store,
  notices = async () => [],
  book = null,
  shadows,
  clock,
  logger,
}: ApiSource): Hono => {
  const secrets = secretsIn(settings);
  const masking = createMasking(secrets);
  return createApi({
    access,
    attempts,
    clientOf,
    secrets,
    clock,
    logger,
    parts: [
      { path: "/deliveries", routes: deliveryRoutes({ views: store.views, mask: masking.text }) },
      { path: "/projects", routes: projectRoutes({ forgetProject: store.forgetProject, logger }) },
      { path: "/backup", routes: backupRoutes(store) },
      { path: "/outages", routes: outageRoutes(store.outages, notices, logger) },
      { path: "/keys", routes: keyRoutes(store) },
      { path: "/lessons", routes: lessonApiRoutes({ desk: book, findProject: store.lessons.findProject }) },
      ...(shadows === undefined ? [] : [{ path: "/shadows", routes: shadowApiRoutes(shadows, logger) }]),
    ],
  });
};
