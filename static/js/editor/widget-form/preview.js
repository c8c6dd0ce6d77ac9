/** The live preview: asks a moment after the last change; the newest answer wins. */

import { el, icon } from 'portal/lib/dom.js';
import { csrfToken } from 'portal/lib/http.js';
import { highlight } from 'portal/lib/sql.js';
import { showAnswer } from 'portal/lib/widget-body.js';
import { humanize } from 'portal/lib/format.js';
import { radios } from 'portal/editor/widget-form/fields.js';
import { tableOf } from 'portal/editor/widget-form/preview-table.js';

const AFTER_MS = 400;
const SLOW_MS = 150;
const FIRST = {
  promql: 'Write a query below; its picture appears here.', insight: 'Choose a kind of insight below, or copy a saved one.',
  sql: 'Write a SELECT below; its rows appear here.', dataset: 'Choose a dataset below.', text: 'Write some Markdown below.',
};

export class Preview {
  #body = el('div', { class: 'wf-preview-body', 'data-body': true, tabindex: '0', role: 'region', 'aria-label': 'Preview' });
  #state = el('span', { class: 'wf-preview-state small faint', role: 'status' });
  #timer = 0;
  #slow = 0;
  #abort = null;
  #answer = null;
  #view = 'picture';
  #title = 'Preview';

  /**
   * @param {string} address where widgets are drawn
   * @param {{onProblem: (field: string, message: string) => void, onAnswer: (answer: any) => void}} on
   */
  constructor(address, on) {
    this.address = address;
    this.on = on;
    const views = radios('Preview as', 'picture', [['picture', 'Picture', 'chart-column'], ['table', 'Table', 'table'], ['why', 'How is this counted?', 'circle-help']], (view) => {
      this.#view = view;
      this.#draw();
    });
    this.element = el('div', { class: 'card wf-preview' },
      el('div', { class: 'card-head' }, views, el('span', { class: 'card-tools' }, this.#state)), this.#body);
  }

  /** Ask for a widget's picture soon, or `now`. */
  ask(widget, now = false) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(structuredClone(widget)), now ? 0 : AFTER_MS);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #run(widget) {
    this.#abort?.abort();
    if (!widget.query.trim()) return this.#wait(widget.source);
    const abort = this.#abort = new AbortController();
    clearTimeout(this.#slow);
    this.#slow = setTimeout(() => this.#say('Asking…', true), SLOW_MS);
    const started = performance.now();
    try {
      const { data: answer } = await asked(this.address, { widget, ...look() }, abort.signal);
      if (abort !== this.#abort) return;
      this.#answer = answer;
      this.#title = widget.title || 'Preview';
      this.on.onProblem('', '');
      this.#say(answer.state === 'error' ? '' : `${humanize((performance.now() - started), 'ms')}${answer.meta?.cached ? ', from the cache' : ''}`);
      this.#draw();
      this.on.onAnswer(answer);
    } catch (problem) {
      if (problem.name === 'AbortError' || abort !== this.#abort) return;
      this.#fail(problem);
    } finally {
      if (abort === this.#abort) clearTimeout(this.#slow);
    }
  }

  #say(words, isBusy = false) {
    this.#state.textContent = words;
    if (isBusy) this.element.setAttribute('aria-busy', 'true');
    else this.element.removeAttribute('aria-busy');
  }

  /** Nothing is asked yet: say what comes first. */
  #wait(source) {
    this.#abort = null;
    this.#answer = null;
    clearTimeout(this.#slow);
    this.#say('');
    delete this.#body.dataset.shown;
    this.#body.replaceChildren(el('p', { class: 'soft wf-nothing' }, FIRST[source] ?? FIRST.text));
    this.on.onProblem('', '');
  }

  #fail({ message, field = '' }) {
    this.#answer = null;
    this.#say('');
    const name = field.replace(/^widget\.?/, '');
    delete this.#body.dataset.shown;
    this.#body.replaceChildren(el('div', { class: 'widget-error wf-problem', role: 'alert' }, icon('circle-alert'), el('div', {}, name ? el('code', {}, name) : null, el('p', {}, message))));
    this.on.onProblem(name, message);
  }

  #draw() {
    if (!this.#answer) return;
    const draws = { table: () => tableOf(this.#answer.plain), why: () => counted(this.#answer.meta ?? {}) };
    const other = draws[this.#view];
    this.#body.classList.toggle('is-picture', !other);
    if (!other) return showAnswer(this.#body, this.#answer, this.#title);
    delete this.#body.dataset.shown;
    this.#body.replaceChildren(other());
    this.#body.querySelectorAll('code[data-language="sql"]').forEach(highlight);
  }
}

/** The range and the variables of the page's address. */
function look() {
  const given = new URLSearchParams(location.search);
  const found = { variables: {} };
  for (const name of ['from', 'to', 'tz']) if (given.get(name)) found[name] = given.get(name);
  for (const name of new Set([...given.keys()].filter((key) => key.startsWith('var-')))) {
    const values = given.getAll(name);
    found.variables[name.slice(4)] = values.length > 1 ? values : values[0];
  }
  return found;
}

async function asked(address, body, signal) {
  const answer = await fetch(address, { method: 'POST', signal, body: JSON.stringify(body), headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-CSRFToken': csrfToken() } });
  const content = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : null;
  if (answer.ok && !answer.redirected) return content;
  const message = content?.error?.message ?? (answer.status >= 500 ? 'The portal could not answer. Try again in a moment.' : `The portal answered ${answer.status}.`);
  throw Object.assign(new Error(message), { field: content?.error?.field ?? '' });
}

function counted(meta) {
  const cost = [meta.rows_read ? `${humanize(meta.rows_read)} rows read` : '', meta.elapsed_ms != null ? `in ${humanize(meta.elapsed_ms, 'ms')}` : '', meta.cached ? 'from the cache' : ''].filter(Boolean).join(', ');
  return el('div', { class: 'wf-counted prose' },
    ...(meta.counted ?? []).map((sentence) => el('p', {}, sentence)),
    ...(meta.warnings ?? []).map((words) => el('p', { class: 'warning-line' }, icon('triangle-alert', 'icon-s'), el('span', {}, words))),
    el('p', { class: 'faint small num' }, cost || 'Nothing was read for this.'),
    ...(meta.sql ?? []).map((sql) => el('div', { class: 'code' }, el('pre', { tabindex: '0', 'aria-label': 'What ran' }, el('code', { 'data-language': 'sql' }, sql)))));
}
