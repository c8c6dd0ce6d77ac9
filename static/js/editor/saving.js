/**
 * Saving: never over what somebody else saved. A stale save is joined with theirs by the server; what
 * both changed is asked. `join` takes theirs in without saving.
 */

import { decide } from 'portal/editor/conflicts.js';
import { titleOf } from 'portal/editor/document.js';
import { decided } from 'portal/editor/merging.js';
import { requestJSON } from 'portal/lib/http.js';

const MOST_TRIES = 5;
const AROUND = ['id', 'uid', 'folder', 'is_public', 'created_by', 'created_at', 'updated_at', 'version', 'note', 'error'];

/** The document in an answer that says more around it. */
export function documentIn(answer) {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !AROUND.includes(name)));
}

export class Saver {
  #session; #url;

  constructor(session, uid) {
    this.#session = session;
    this.#url = `/api/v1/dashboards/${uid}`;
  }

  /**
   * Save what is edited. Resolves with {version, joined} or null when a conflict was put off.
   * Raises RequestFailed.
   */
  async save(note) {
    let who = '';
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const sent = this.#session.document;
      const answer = await this.#put(sent, note);
      if (!answer.stale) {
        this.#saved(answer, sent);
        return { version: this.#session.version, joined: who };
      }
      who = await this.#who(answer.stale.current.version);
      if (!(await this.#join(answer.stale, who, true))) return null;
    }
    return null;
  }

  /** Take in what somebody else saved, without saving. False when it was put off. */
  async join() {
    const current = this.#session.isChanged ? null : await requestJSON(this.#url);
    if (current && !this.#session.isChanged) {
      this.#session.adopt({ base: documentIn(current), version: current.version, words: 'Took over what was saved' });
      return true;
    }
    const answer = await this.#put(this.#session.document, '');
    if (!answer.stale) {
      this.#saved(answer, this.#session.document); // nobody had saved after all
      return true;
    }
    return this.#join(answer.stale, await this.#who(answer.stale.current.version), false);
  }

  /** Who saved a version, for a sentence. */
  async who(version) { return this.#who(version); }

  async #who(version) {
    const { versions } = await requestJSON(`${this.#url}/versions`);
    const found = versions.find((one) => one.number === version) ?? versions[0];
    return found?.name ?? 'somebody else';
  }

  async #put(document, note) {
    const body = { ...document, version: this.#session.version, ...(note && { note }) };
    try {
      return await requestJSON(this.#url, { method: 'PUT', body });
    } catch (problem) {
      if (problem.status === 409 && problem.content?.merged) return { stale: problem.content };
      throw problem;
    }
  }

  #saved(answer, sent) {
    const saved = documentIn(answer);
    const isAsSent = this.#session.document === sent; // otherwise somebody typed on meanwhile
    this.#session.adopt({ base: saved, version: answer.version, document: isAsSent ? saved : this.#session.document });
  }

  async #join({ current, merged, conflicts }, who, saves) {
    const titles = new Map([...current.widgets, ...this.#session.document.widgets].map((widget) => [widget.id, titleOf(widget)]));
    const picks = conflicts.length ? await decide(conflicts, { titles, who, saves }) : [];
    if (!picks) return false;
    this.#session.adopt({ base: documentIn(current), version: current.version, document: decided(merged, conflicts, picks), words: `Joined with what ${who} saved` });
    return true;
  }
}
