/** A job's stream (server-sent events), read as a client reads it. */

import { home } from './stack.mjs';

const DEADLINE = 60_000;

/** Opens the stream of this person's job, from its beginning or after an event. */
export async function jobStream({ context }, job, after) {
  const cookies = (await context.cookies()).filter(({ domain }) => domain === new URL(home).hostname);
  const response = await fetch(`${home}/v1/jobs/async/job/${job}/stream`, {
    headers: {
      accept: 'text/event-stream',
      cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
      ...(after && { 'last-event-id': after }),
    },
    signal: AbortSignal.timeout(DEADLINE),
  });
  if (response.status !== 200) throw new Error(`the stream answered ${response.status}`);
  const events = frames(response.body);

  return {
    /** Waits for the next event of this name. */
    async next(name) {
      for (;;) {
        const { value, done } = await events.next();
        if (done) throw new Error(`the stream ended without ${name}`);
        if (value.event === name) return value;
      }
    },

    /** Everything up to the stream's own end. */
    async rest() {
      const all = [];
      for await (const event of events) all.push(event);
      return all.filter(({ event }) => event !== 'stream.mode');
    },
  };
}

async function* frames(body) {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const whole = text.split('\n\n');
    text = whole.pop();
    for (const frame of whole) {
      const fields = Object.fromEntries(frame.split('\n').filter((line) => !line.startsWith(':')).map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
      }));
      if (fields.event) yield { event: fields.event, id: fields.id, data: JSON.parse(fields.data), at: Date.now() };
    }
  }
}
