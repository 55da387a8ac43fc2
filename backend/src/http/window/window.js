// Tells the page that opened this window to ask the server again, then closes. Nothing here is a result or a secret:
// the server alone says what happened.
const { flow, source, ok, origin, closes } = document.body.dataset;
const heading = document.querySelector('h1');
if (heading) heading.focus();

const each = (words) => (words ? words.split(' ') : []);
each(flow).forEach((id, index) => {
  const nudge = { v: 1, type: 'flow-ended', flow_id: id };
  if ('BroadcastChannel' in window) {
    const channel = new BroadcastChannel('aiq-connect');
    channel.postMessage(nudge);
    channel.close();
  }
  if (window.opener) {
    window.opener.postMessage(nudge, origin);
    // What AIQ's own panel listens to.
    window.opener.postMessage({ type: 'mcp-auth', source_id: each(source)[index], ok: each(ok)[index] === 'true' }, origin);
  }
});

const close = document.querySelector('[data-close]');
if (close) close.addEventListener('click', () => window.close());
if (closes) setTimeout(() => window.close(), Number(closes));
