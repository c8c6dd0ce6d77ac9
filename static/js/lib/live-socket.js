/**
 * One live topic over a socket that comes back by itself.
 * onState(state): connecting, live, offline, revoked. onMessage(message): greeting, updates, changed.
 */

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const FINAL = { 4401: 'signed-out', 4403: 'revoked', 4404: 'revoked' };

export class LiveSocket {
  #url;
  #handlers;
  #socket = null;
  #delay = FIRST_DELAY;
  #timer = 0;
  #closed = false;
  #view = null;
  #seen = new Map();

  /**
   * @param {string} kind
   * @param {string} ident
   * @param {{onState: (state: string) => void, onMessage: (message: any) => void}} handlers
   */
  constructor(kind, ident, handlers) {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.#url = `${scheme}://${location.host}/ws/${kind}/${encodeURIComponent(ident)}/`;
    this.#handlers = handlers;
  }

  open() {
    this.#handlers.onState('connecting');
    this.#seen.clear();
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener('open', () => { if (this.#view) this.#send(this.#view); });
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(data)));
    socket.addEventListener('close', ({ code }) => { if (socket === this.#socket) this.#lost(code); });
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  /** Look at another range; kept for when the socket comes back. */
  look(view) {
    this.#view = { type: 'time', ...view };
    if (this.#socket?.readyState === WebSocket.OPEN) this.#send(this.#view);
  }

  #send(message) { this.#socket.send(JSON.stringify(message)); }

  #take(message) {
    this.#delay = FIRST_DELAY;
    if (message.type === 'initial_data' || message.type === 'dashboard_update') {
      this.#handlers.onState('live');
      if (this.#hasGap(message)) this.#send({ type: 'resync' });
    }
    this.#handlers.onMessage(message);
  }

  /** Each value's number grows by one; a greeting starts anew. */
  #hasGap(message) {
    const values = Object.entries(message.data ?? message.updates ?? {});
    const gap = message.updates && values.some(([key, { seq }]) => this.#seen.has(key) && seq !== this.#seen.get(key) + 1);
    values.forEach(([key, { seq }]) => this.#seen.set(key, seq));
    return gap;
  }

  #lost(code) {
    if (this.#closed) return;
    if (FINAL[code]) {
      this.#handlers.onState(FINAL[code]);
      return;
    }
    this.#handlers.onState('offline');
    const jitter = 0.5 + Math.random();
    this.#timer = setTimeout(() => this.open(), this.#delay * jitter);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }
}
