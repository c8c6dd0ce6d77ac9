/** JSON over fetch with Django's token; errors carry the server's own sentence. */

export class RequestFailed extends Error {
  /** @param {number} status @param {string} message @param {any} [content] the answer's JSON */
  constructor(status, message, content) {
    super(message);
    this.status = status;
    this.code = content?.error?.code;
    this.field = content?.error?.field;
    this.content = content;
  }
}

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? '';

/**
 * @param {string} url
 * @param {{method?: string, body?: unknown, signal?: AbortSignal, keepalive?: boolean}} [options]
 */
export async function requestJSON(url, { method = 'GET', body, signal, keepalive } = {}) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRFToken'] = csrfToken();
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await fetch(url, { method, headers, signal, keepalive, body: body === undefined ? undefined : JSON.stringify(body) });
  const isJSON = answer.headers.get('Content-Type')?.includes('json');
  const content = isJSON ? await answer.json() : null;
  if (answer.ok && !answer.redirected) return content;
  throw new RequestFailed(answer.status, content?.error?.message ?? sentence(answer), content);
}

function sentence(answer) {
  if (answer.redirected || answer.status === 401) return 'You are signed out. Sign in again to go on.';
  if (answer.status === 403) return 'You may not do this. An admin can grant it.';
  if (answer.status >= 500) return 'The portal could not answer. Try again in a moment.';
  return `The portal answered ${answer.status}.`;
}
