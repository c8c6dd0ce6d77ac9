/**
 * One live topic over a socket that comes back by itself.
 * onState(state): connecting, live, offline, revoked, signed-out. onMessage(message): greeting,
 * updates, changed. What is looked at is read from the page's own address whenever it connects.
 */

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;
const SILENT_MS = 45_000; // the portal says something at least every 25 s; this one leads nowhere
const FINAL = { 4400: 'offline', 4401: 'signed-out', 4403: 'revoked', 4404: 'revoked' };

export class LiveSocket {
  #url;
  #handlers;
  #socket = null;
  #delay = FIRST_DELAY;
  #timer = 0;
  #closed = false;
  #inView = null;
  #seen = new Map();
  #heardAt = 0;

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
    clearTimeout(this.#timer);
    const [socket, said] = [new WebSocket(this.#address()), this.#inView];
    this.#socket = socket;
    this.#heardAt = Date.now();
    socket.addEventListener('open', () => { if (this.#inView !== said) this.see(this.#inView); });
    socket.addEventListener('message', ({ data }) => { if (socket === this.#socket) this.#take(JSON.parse(data)); });
    socket.addEventListener('close', ({ code }) => { if (socket === this.#socket) this.#lost(code); });
    addEventListener('online', this.#hurry);
    document.addEventListener('visibilitychange', this.#hurry);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    removeEventListener('online', this.#hurry);
    document.removeEventListener('visibilitychange', this.#hurry);
    this.#socket?.close();
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  /** Look at another range; a socket that comes back reads the page's address. */
  look(view) { if (this.isOpen) this.#send({ type: 'time', ...view }); }

  /** Only these parts are on the screen; without this word, all are. */
  see(parts) {
    this.#inView = parts;
    if (this.isOpen) this.#send({ type: 'view', parts });
  }

  /** Open a new socket where the old one has been silent for too long. */
  check(now = Date.now()) {
    if (this.isOpen && now - this.#heardAt > SILENT_MS) this.#replace();
  }

  #address() {
    const query = new URLSearchParams(location.search);
    if (this.#inView) query.set('view', this.#inView.join());
    return `${this.#url}${query.size ? `?${query}` : ''}`;
  }

  #send(message) { this.#socket.send(JSON.stringify(message)); }

  #take(message) {
    this.#delay = FIRST_DELAY;
    this.#heardAt = Date.now();
    if (message.type === 'initial_data' || message.type === 'dashboard_update') {
      this.#handlers.onState('live');
      if (this.#hasGap(message)) this.#send({ type: 'resync' });
    }
    this.#handlers.onMessage(message);
  }

  /** Each value's number grows by one; a greeting starts anew. */
  #hasGap(message) {
    if (message.data) this.#seen.clear();
    const values = Object.entries(message.data ?? message.updates ?? {});
    const gap = values.some(([key, { seq }]) => this.#seen.has(key) && seq !== this.#seen.get(key) + 1);
    values.forEach(([key, { seq }]) => this.#seen.set(key, seq));
    return gap;
  }

  /** The network is back, or somebody looks again: do not wait for the next try. */
  #hurry = () => {
    if (this.#closed || document.hidden || this.#socket?.readyState !== WebSocket.CLOSED || !this.#timer) return;
    this.#delay = FIRST_DELAY;
    this.open();
  };

  #replace() {
    const old = this.#socket;
    this.open();
    old.close();
  }

  #lost(code) {
    if (this.#closed) return;
    if (FINAL[code]) {
      this.#timer = 0;
      this.#handlers.onState(FINAL[code]);
      return;
    }
    this.#handlers.onState('offline');
    const jitter = 0.5 + Math.random();
    this.#timer = setTimeout(() => this.open(), this.#delay * jitter);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }
}
