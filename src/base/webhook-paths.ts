/** Where GitLab's webhooks are taken: our own path first, then the one of the tutorial's server. */
export const WEBHOOK_PATHS = ["/webhooks/gitlab", "/gitlab-webhook"] as const;
