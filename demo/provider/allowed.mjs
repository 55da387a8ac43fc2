/** What people allowed at protected resources, and how all of it ends at once: as when somebody removes it at a vendor. */

/** @param {import('oidc-provider').Provider} provider */
export function rememberAllowed(provider) {
  const allowed = new Map();
  provider.on('grant.saved', (grant) => {
    const resources = Object.keys(grant.resources ?? {});
    // A grant without a resource is the sign-in to AIQ Connect itself, which stays.
    if (resources.length > 0) allowed.set(grant.jti, { account: grant.accountId, resources });
  });

  /** Ends what this person allowed, everywhere or at one resource; resolves to how many grants that were. */
  return async function revoke(account, resource) {
    const ended = [...allowed].filter(([, grant]) =>
      grant.account === account && (!resource || grant.resources.includes(resource)));
    for (const [id] of ended) {
      allowed.delete(id);
      await Promise.all(['AccessToken', 'RefreshToken', 'AuthorizationCode'].map((model) => provider[model].revokeByGrantId(id)));
      await (await provider.Grant.find(id))?.destroy();
    }
    return ended.length;
  };
}
