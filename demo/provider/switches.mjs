/** What can be changed about the provider while it runs, so that tests can see what happens when a provider misbehaves. */

/** Each switch, how it stands without a word, and what it may be set to. */
const SWITCHES = {
  /** How long new access tokens live, in seconds; `null` means as configured. */
  access_token_seconds: { rest: null, takes: (value) => value === null || (Number.isInteger(value) && value > 0) },
  /** Whether new grants come with a refresh token. */
  refresh_tokens: { rest: true, takes: (value) => typeof value === 'boolean' },
  /** How many of the next token requests are answered 503; `true` means all. */
  token_outage: { rest: 0, takes: (value) => value === true || (Number.isInteger(value) && value >= 0) },
  /** How long the token endpoint keeps what it has decided to itself, in milliseconds. */
  token_delay_ms: { rest: 0, takes: (value) => Number.isInteger(value) && value >= 0 && value <= 60_000 },
  /** Whether sign-in pages cut themselves off from the window that opened them, as Microsoft's do. */
  opener_cut: { rest: false, takes: (value) => typeof value === 'boolean' },
};

/** All switches at rest. */
export function atRest() {
  return Object.fromEntries(Object.entries(SWITCHES).map(([name, { rest }]) => [name, rest]));
}

/** The sentence that says why these cannot be set; `undefined` when they can. */
export function complaint(wanted) {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return 'send a JSON object of switches';
  for (const [name, value] of Object.entries(wanted)) {
    if (!Object.hasOwn(SWITCHES, name)) return `there is no switch ${name}, only ${Object.keys(SWITCHES).join(', ')}`;
    if (!SWITCHES[name].takes(value)) return `${name} cannot be that`;
  }
  return undefined;
}

/** Token requests that are not answered: 503, before the provider looks at them. */
export function withOutages(switches) {
  return async (ctx, next) => {
    if (ctx.path !== '/token' || ctx.method !== 'POST' || !switches.token_outage) return next();
    if (switches.token_outage !== true) switches.token_outage -= 1;
    ctx.status = 503;
    ctx.body = { error: 'temporarily_unavailable' };
  };
}

/** Answers of the token endpoint that come late: it has acted on the request, and who asked does not know it yet. */
export function withDelays(switches) {
  return async (ctx, next) => {
    await next();
    const delay = ctx.path === '/token' && ctx.method === 'POST' ? switches.token_delay_ms : 0;
    if (delay > 0) await new Promise((resolve) => { setTimeout(resolve, delay); });
  };
}

/** Pages that cut off their opener (HTML, Cross-Origin-Opener-Policy). */
export function withOpenerPolicy(switches) {
  return async (ctx, next) => {
    await next();
    if (switches.opener_cut) ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
  };
}
