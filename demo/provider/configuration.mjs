/** What the certified provider is told; everything not named here is its default. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';

import { errors } from 'oidc-provider';

import { findAccount } from './accounts.mjs';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** The scopes of the protected resources, by resource. */
const resourceScopes = ({ resource, tickets }) => ({
  [resource]: ['incidents:read'],
  [tickets.resource]: ['tickets:read', 'tickets:write'],
});

/**
 * @param {ReturnType<import('./settings.mjs').readSettings>} settings
 * @param {ReturnType<import('./switches.mjs').atRest>} switches
 */
export function configuration(settings, switches) {
  return {
    clients: [signInClient(settings), introspectionClient(settings), serviceDeskClient(settings)],
    findAccount,
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: ['openid', 'profile', 'email', 'offline_access', ...Object.values(resourceScopes(settings)).flat()],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    // The ID token itself carries name and email, so that signing in needs no second request.
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    // It refuses every other value, so clients have to know.
    discovery: { prompt_values_supported: ['none', 'login', 'consent'] },
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    // Every use of a refresh token makes a new one, and a second use of the old one revokes the whole grant.
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => switches.refresh_tokens && client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    ttl: {
      AccessToken: () => accessTokenSeconds(settings, switches),
      AuthorizationCode: () => 60,
      IdToken: () => HOUR,
      Interaction: () => HOUR,
      RefreshToken: () => DAY,
      Grant: () => DAY,
      Session: () => DAY,
    },
    features: {
      devInteractions: { enabled: true },
      registration: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) =>
          client.clientId === settings.introspection.id || client.clientId === token.clientId,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => resourceServer(settings, switches, resource),
        // A token request that does not repeat `resource` gets the one that was authorized (RFC 8707 §2.2).
        useGrantedResource: () => true,
      },
    },
  };
}

function signInClient({ publicUrl, signIn }) {
  return {
    client_id: signIn.id,
    client_secret: signIn.secret,
    client_name: 'AIQ Connect (sign-in)',
    redirect_uris: [`${publicUrl}/v1/auth/login/callback`],
    post_logout_redirect_uris: [`${publicUrl}/`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  };
}

function introspectionClient({ introspection }) {
  return {
    client_id: introspection.id,
    client_secret: introspection.secret,
    client_name: 'Team Incidents (MCP server)',
    redirect_uris: [],
    grant_types: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  };
}

/** AIQ Connect's client for Service Desk: registered by hand and confidential, where Team Incidents' registers itself. */
function serviceDeskClient({ publicUrl, tickets }) {
  return {
    client_id: tickets.clientId,
    client_secret: tickets.clientSecret,
    client_name: 'AIQ Connect (Service Desk)',
    redirect_uris: [`${publicUrl}/v1/auth/mcp/tickets/callback`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  };
}

function resourceServer(settings, switches, resource) {
  const scopes = resourceScopes(settings)[resource];
  if (!scopes) throw new errors.InvalidTarget();
  return {
    scope: scopes.join(' '),
    audience: resource,
    // Opaque: a revoked token is dead at once, because the MCP server has to ask about it.
    accessTokenFormat: 'opaque',
    accessTokenTTL: accessTokenSeconds(settings, switches),
  };
}

function accessTokenSeconds(settings, switches) {
  return switches.access_token_seconds ?? settings.accessTokenSeconds;
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
}
