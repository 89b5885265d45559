/** GitLab's address without the path of its API at the end, which people copy with it. */
export const withoutApiPath = (address: string): string =>
  address.replace(/\/+$/, "").replace(/\/api\/v4$/, "");
