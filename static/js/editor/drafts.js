/**
 * The draft: kept on the server two seconds after each change, so that a crash loses nothing. The same
 * call says that the editor is open and hears who else edits, whether somebody saved, and whether one
 * may still edit.
 * Events of `Drafts`: state {words}, editors {editors}, version {version}, shut {status}.
 */

import { clockTime } from 'portal/editor/words.js';
import { requestJSON } from 'portal/lib/http.js';

const SETTLE_MS = 2_000;
const HEARTBEAT_MS = 4_000;
const MOST_KEEPALIVE = 60_000; // bytes that a browser sends while the page goes away

export class Drafts extends EventTarget {
  #session; #url; #kept; #timer = 0; #clock = 0; #isDirty = false; #isKept = false; #isSending = false; #isClosed = false;

  constructor(session, uid) {
    super();
    this.#session = session;
    this.#url = `/api/v1/dashboards/${uid}/draft`;
    this.#kept = `portal:draft:${uid}`;
  }

  /** Begin to keep; `hasDraft` where the server has one already. */
  start(hasDraft) {
    this.#isKept = hasDraft;
    this.#session.addEventListener('change', this.#changed);
    document.addEventListener('visibilitychange', this.#hidden);
    addEventListener('pagehide', this.#left);
    this.#clock = setInterval(() => { if (!document.hidden) this.#send(); }, HEARTBEAT_MS);
    this.#send();
  }

  stop() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    this.#session.removeEventListener('change', this.#changed);
    document.removeEventListener('visibilitychange', this.#hidden);
    removeEventListener('pagehide', this.#left);
  }

  /** Forget the draft: it was saved, or is not wanted. */
  async discard() {
    clearTimeout(this.#timer);
    this.#isDirty = false;
    if (this.#isKept) await requestJSON(this.#url, { method: 'DELETE' });
    this.#isKept = false;
    this.#say('');
  }

  #changed = () => {
    this.#isDirty = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), SETTLE_MS);
    this.#say(this.#session.isChanged ? 'Unsaved changes' : '');
  };

  async #send() {
    if (this.#isSending || this.#isClosed) return;
    if (this.#isDirty && !this.#session.isChanged) {
      await this.discard().catch((problem) => this.#failed(problem));
      return;
    }
    this.#isSending = true;
    const isKeeping = this.#isDirty;
    this.#isDirty = false;
    try {
      const answer = await requestJSON(this.#url, { method: 'PUT', body: isKeeping ? this.#body : {} });
      this.#take(answer, isKeeping);
    } catch (problem) {
      this.#isDirty ||= isKeeping;
      this.#failed(problem);
    } finally {
      this.#isSending = false;
    }
  }

  get #body() { return { document: this.#session.document, base_version: this.#session.version }; }

  #take(answer, isKeeping) {
    if (isKeeping) {
      this.#isKept = true;
      this.#say(`Unsaved changes · draft kept ${clockTime()}`);
    }
    this.#emit('editors', { editors: answer.editors });
    this.#emit('version', { version: answer.version });
  }

  #failed(problem) {
    if ([401, 403, 404].includes(problem.status)) this.#emit('shut', { status: problem.status });
    else if (this.#isDirty) this.#say('Unsaved changes · the draft is not kept: the portal does not answer');
  }

  #hidden = () => { if (document.hidden && this.#isDirty) this.#send(); };

  /** What this tab held when it was reloaded: newer than what had reached the server by then. */
  recovered() {
    const text = sessionStorage.getItem(this.#kept);
    sessionStorage.removeItem(this.#kept);
    return text ? JSON.parse(text) : null;
  }

  /** The page goes away: what was typed in the last two seconds goes to the server, and stays in this tab. */
  #left = () => {
    if (this.#isClosed) return;
    if (this.#isDirty && this.#session.isChanged) sessionStorage.setItem(this.#kept, JSON.stringify({ ...this.#body, updated_at: new Date() }));
    const body = this.#isDirty && this.#session.isChanged ? { ...this.#body, open: false } : { open: false };
    const small = JSON.stringify(body).length < MOST_KEEPALIVE ? body : { open: false };
    requestJSON(this.#url, { method: 'PUT', body: small, keepalive: true }).catch(() => undefined); // nobody is there to hear it
  };

  #say(words) { this.#emit('state', { words }); }

  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
