/** Undo and redo: documents that were, each with the words of what was done. */

const MOST = 200;
const TOGETHER_MS = 1_200;

export class History {
  #past = [];
  #future = [];
  #document;
  #last = { key: '', at: 0 };

  constructor(document) { this.#document = document; }

  get document() { return this.#document; }

  get undoes() { return this.#past.at(-1)?.words ?? ''; }

  get redoes() { return this.#future.at(-1)?.words ?? ''; }

  /**
   * Take a new document. Changes with the same key that follow one another closely, such as typing a
   * title, are one step.
   */
  push(document, words, key = '', now = Date.now()) {
    const isSame = key && key === this.#last.key && now - this.#last.at < TOGETHER_MS;
    if (!isSame) this.#past.push({ document: this.#document, words });
    if (this.#past.length > MOST) this.#past.shift();
    this.#future = [];
    this.#document = document;
    this.#last = { key, at: now };
  }

  /** Go back a step; the words of what is undone, "" where there is nothing. */
  undo() { return this.#go(this.#past, this.#future); }

  redo() { return this.#go(this.#future, this.#past); }

  #go(from, to) {
    const step = from.pop();
    if (!step) return '';
    to.push({ document: this.#document, words: step.words });
    this.#document = step.document;
    this.#last = { key: '', at: 0 };
    return step.words;
  }
}
