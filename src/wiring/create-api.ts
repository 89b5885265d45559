import type { Hono } from "hono";
import type { Logger } from "../base/logger.ts";
import { createApi } from "../http/api/api.ts";
import { deliveryRoutes } from "../http/api/delivery-routes.ts";
import type { AttemptLimit } from "../http/dashboard/attempt-limit.ts";
import type { AccessOptions } from "../http/dashboard/dashboard-options.ts";
import { createMasking, secretsIn } from "../http/dashboard/mask-text.ts";
import type { OpenedStore } from "../store/open-store.ts";

/** What the API of a server is made of. */
export type ApiSource = {
  readonly access: AccessOptions;
  readonly attempts: AttemptLimit;
  /** The settings as a tree whose secrets are of type Secret. */
  readonly settings: object;
  readonly store: Pick<OpenedStore, "views">;
  readonly logger: Logger;
};

/** The API for the command line; each kind of thing has its routes here. */
export const createConfiguredApi = ({ access, attempts, settings, store, logger }: ApiSource): Hono => {
  const masking = createMasking(secretsIn(settings));
  return createApi({
    access,
    attempts,
    logger,
    parts: [{ path: "/deliveries", routes: deliveryRoutes({ views: store.views, mask: masking.text }) }],
  });
};
