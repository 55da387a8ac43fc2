/** The stack that `cargo xtask e2e` started: what tests may change about it, and whom else they may ask. */

import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A setting that `cargo xtask e2e` gives. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start these tests with \`cargo xtask e2e\``);
  return value;
}

/** Where the page is. */
export const home = setting('AIQ_E2E_URL');

async function json(url, method, key, body) {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const said = await response.text();
  return { status: response.status, body: said ? JSON.parse(said) : null };
}

/** The authorization server, which can be made to misbehave. */
export const provider = {
  async control(method, path, body) {
    const answer = await json(`${setting('AIQ_E2E_PROVIDER_URL')}/control/${path}`, method, setting('AIQ_E2E_CONTROL_KEY'), body);
    if (answer.status !== 200) throw new Error(`the provider's control says ${JSON.stringify(answer)}`);
    return answer.body;
  },

  /** Moves switches: `demo/provider/switches.mjs` names them. */
  set(switches) { return this.control('PATCH', 'switches', switches); },

  /** Puts every switch at rest. */
  rest() { return this.control('DELETE', 'switches'); },

  /** Ends what somebody allowed, as when they remove AI-Q in a vendor's settings. */
  revoke({ name }) { return this.control('POST', 'revoke', { account: name }); },

  /** What it logged, one object for each request that matters. */
  async log() {
    const lines = (await readFile(join(setting('AIQ_E2E_LOGS'), 'provider.log'), 'utf8')).split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  },
};

/** Asks for the token of a job's owner, as a worker does. */
export function resolve(job, server, more = {}) {
  return json(`${setting('AIQ_E2E_BROKER_URL')}/v1/worker/tokens/resolve`, 'POST', setting('AIQ_E2E_WORKER_KEY'), {
    job_id: job, mcp_server_id: server, ...more,
  });
}

/** As workers name a token without showing it. */
export const sha256 = (token) => createHash('sha256').update(token).digest('hex');

/** Restarts, starts or ends a process of the stack; resolves when it is ready. */
async function stack(verb, name, env = {}) {
  const [host, port] = setting('AIQ_E2E_STACK').split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  socket.write(`${JSON.stringify({ key: setting('AIQ_E2E_CONTROL_KEY'), verb, name, env })}\n`);
  const answer = JSON.parse(await text(socket));
  if (answer.error) throw new Error(`the stack could not ${verb} ${name}: ${answer.error}`);
  return answer;
}

export const restart = (name, env) => stack('restart', name, env);
export const start = (name, env) => stack('start', name, env);
export const end = (name) => stack('end', name);

/** A new flow's id, as the page chooses them. */
export const flowId = () => randomUUID();

/** Asks until the answer is there, for at most `seconds`; the wait is for the fact, the deadline for its absence. */
export async function until(what, ask, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

/** Runs one of the project's Python programs; resolves to its standard output. */
export async function python(interpreter, args, input = '') {
  const child = spawn(setting(interpreter), args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [said, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${complained}`);
  return said;
}

/** Asks for tokens inside the stack's Dask workers; `tests/stack/ask_in_a_worker.py` says what a question is. */
export async function inWorkers(questions) {
  const lines = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
  const said = await python('AIQ_E2E_PYTHON', ['tests/stack/ask_in_a_worker.py', setting('AIQ_E2E_SCHEDULER')], lines);
  return said.trim().split('\n').map((line) => JSON.parse(line));
}

/** The rows of one person by the MCP server's own word, as answers show them. */
export async function ownRows({ name }) {
  const listed = JSON.parse(await python('AIQ_E2E_MCP_PYTHON', ['demo/mcp/server.py', '--list', name]));
  return listed.map(({ id, title, state }) => `${id} · ${title} · ${state}`).sort();
}
