/** The people of the demo: whoever types a name is that person. */

/** Claims for a login name; `undefined` for a name that cannot be one. */
export function findAccount(_ctx, sub) {
  if (!/^[a-z][a-z0-9._-]{0,63}$/.test(sub)) return undefined;
  return {
    accountId: sub,
    claims: () => ({
      sub,
      name: sub[0].toUpperCase() + sub.slice(1),
      preferred_username: sub,
      email: `${sub}@example.test`,
      email_verified: true,
    }),
  };
}
