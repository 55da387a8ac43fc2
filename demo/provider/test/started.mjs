/** Starts the real server as a process of its own on a free port and stops it by its id. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url));
const DEADLINE = 15_000;

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

export function environment(port) {
  return {
    ...process.env,
    PROVIDER_PORT: String(port),
    PROVIDER_ISSUER: `http://127.0.0.1:${port}`,
    AIQ_PUBLIC_URL: 'http://localhost:9',
    DEMO_MCP_URL: 'http://127.0.0.1:9/mcp',
    DEMO_TICKETS_URL: 'http://127.0.0.1:9/tickets',
    DEMO_TICKETS_CLIENT_SECRET: 'a-service-desk-secret-of-the-test',
    DEMO_SIGN_IN_CLIENT_ID: 'sign-in',
    DEMO_SIGN_IN_CLIENT_SECRET: 'a-sign-in-secret-of-the-test',
    DEMO_INTROSPECTION_CLIENT_ID: 'introspection',
    DEMO_INTROSPECTION_CLIENT_SECRET: 'an-introspection-secret-of-the-test',
    DEMO_ACCESS_TOKEN_SECONDS: '60',
  };
}

/** Runs the server; `lines` collects what it says, `exited` resolves to its exit code. */
export function run(env) {
  const child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => { said.out += chunk; });
  child.stderr.on('data', (chunk) => { said.err += chunk; });
  const exited = once(child, 'exit').then(([code]) => code);
  return { child, said, exited, stop: () => { child.kill('SIGTERM'); return exited; } };
}

/** Runs the server and waits until it says `ready`. */
export async function start(env) {
  const server = run(env);
  const ready = new Promise((resolve) => {
    server.child.stdout.on('data', () => { if (/^ready /m.test(server.said.out)) resolve(true); });
  });
  const timer = new Promise((resolve) => { setTimeout(resolve, DEADLINE, false).unref(); });
  const outcome = await Promise.race([ready, timer, server.exited.then(() => false)]);
  if (!outcome) throw new Error(`the provider did not become ready: ${server.said.err}`);
  return server;
}
