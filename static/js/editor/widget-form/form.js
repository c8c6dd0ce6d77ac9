/**
 * <widget-form dashboard="uid">: edits one widget of a dashboard's document, with a live preview. Its
 * properties `widget` and `document` are as in the document; it says `widget:change` {widget} with
 * every change and `widget:close` when it is done with.
 */

import { el, icon } from 'portal/lib/dom.js';
import { area, input, labelled, number, put, radios } from 'portal/editor/widget-form/fields.js';
import { insightPart } from 'portal/editor/widget-form/insight.js';
import { libraryPart, withDefinition } from 'portal/editor/widget-form/library.js';
import { choicesOf, fitsOf } from 'portal/editor/widget-form/choices.js';
import { optionsPart } from 'portal/editor/widget-form/options.js';
import { picturePart } from 'portal/editor/widget-form/picture.js';
import { datasetPart, jsonPart, sqlPart, textPart } from 'portal/editor/widget-form/plain-parts.js';
import { Preview } from 'portal/editor/widget-form/preview.js';
import { promqlPart } from 'portal/editor/widget-form/promql.js';
import { markProblem } from 'portal/editor/widget-form/problems.js';

const PARTS = { promql: promqlPart, insight: insightPart, sql: sqlPart, dataset: datasetPart, text: textPart };
const FRESH = { title: '', description: '', source: 'promql', query: '', refresh_interval: 30000, config: { kind: 'line' } };

class WidgetForm extends HTMLElement {
  #widget = null;
  #shared = null; // the widget with the library's definition while that is edited for all
  #document = {};
  #choices = null;
  #told = '';
  #questions = new Map(); // what was asked of each source, so that going back loses nothing
  #fits = null;
  #asked = '';
  #isJson = false;
  #preview;
  #spots = {};

  async connectedCallback() {
    this.classList.add('widget-form');
    this.append(el('div', { class: 'skeleton wf-skeleton', 'aria-hidden': 'true' }));
    this.#choices = await choicesOf(this.getAttribute('dashboard'));
    this.#preview = new Preview(this.#choices.preview, { onProblem: (field, message) => markProblem(this, field, message), onAnswer: () => this.#findFits() });
    if (!this.#widget || !this.isConnected) return;
    this.#build();
    const { activeElement } = document;
    if (activeElement === document.body || activeElement?.matches('button')) this.querySelector('input').focus();
  }

  disconnectedCallback() { this.#preview?.stop(); }

  get widget() { return structuredClone(this.#widget); }

  set widget(given) {
    if (given && canonical(given) === this.#told) return;
    this.#widget = given && { ...structuredClone(given), ...missing(given) };
    this.#told = '';
    this.#shared = null;
    this.#questions.clear();
    if (this.#choices && given) this.#build();
  }

  get document() { return this.#document; }

  set document(given) { this.#document = given ?? {}; }

  get #now() { return this.#shared ?? this.#widget; }

  get #entry() {
    const uid = this.#widget.config.library;
    return uid ? this.#choices.library.entries.find((one) => one.uid === uid) ?? null : null;
  }

  get #context() {
    const form = this;
    return { choices: this.#choices, get widget() { return form.#now; }, get document() { return form.#document; }, change: (fn, ...parts) => this.#change(fn, ...parts), ask: () => this.#ask(true) };
  }

  #change(fn, ...parts) {
    fn(this.#now);
    if (!this.#shared) this.#tell();
    this.#ask();
    for (const part of parts) this.#draw(part);
  }

  #tell() {
    this.#told = canonical(this.#widget);
    this.dispatchEvent(new CustomEvent('widget:change', { bubbles: true, detail: { widget: structuredClone(this.#widget) } }));
  }

  #ask(now = false) {
    const widget = this.#shared ?? (this.#entry ? withDefinition(this.#widget, this.#entry.definition, '') : this.#widget);
    this.#preview.ask(widget, now);
  }

  #build() {
    const spot = (name, tag = 'div', attributes = {}) => { this.#spots[name] = el(tag, attributes); return this.#spots[name]; };
    const card = (label, name) => el('section', { class: 'card wf-card', 'aria-label': label }, el('div', { class: 'card-head' }, el('h2', {}, label)), spot(name, 'fieldset', { class: 'card-body wf-fields', 'aria-label': label }));
    const side = el('aside', { class: 'wf-side' }, card('Picture', 'picture'), card('Options', 'options'), card('About', 'about'), card('Library', 'library'));
    this.replaceChildren(this.#bar(), el('div', { class: 'wf-main' }, this.#preview.element, card('Question', 'question')), side);
    for (const part of ['head', 'library', 'question', 'picture', 'options', 'about']) this.#draw(part);
    this.#ask(true);
  }

  #bar() {
    const json = el('button', { type: 'button', class: 'button button-s', 'aria-pressed': String(this.#isJson), onclick: () => { this.#isJson = !this.#isJson; json.setAttribute('aria-pressed', String(this.#isJson)); this.#draw('question'); } }, icon('code', 'icon-s'), 'JSON');
    const done = el('button', { type: 'button', class: 'button button-s button-primary', onclick: () => this.dispatchEvent(new CustomEvent('widget:close', { bubbles: true })) }, icon('check', 'icon-s'), 'Done');
    this.#spots.head = el('fieldset', { class: 'wf-fields wf-title' });
    return el('div', { class: 'wf-bar' }, this.#spots.head, json, done);
  }

  #draw(part) {
    const isLocked = Boolean(this.#entry) && !this.#shared && !['library', 'head'].includes(part);
    const draws = { head: () => this.#head(), about: () => this.#about(), library: () => this.#library(), question: () => this.#question(), picture: () => this.#picture(), options: () => optionsPart(this.#context) };
    const spot = this.#spots[part];
    const chosen = spot.contains(document.activeElement) ? document.activeElement.value : null;
    spot.disabled = isLocked;
    spot.replaceChildren(draws[part]());
    if (part === 'picture' && chosen) spot.querySelector(`input[value="${CSS.escape(chosen)}"]`)?.focus();
  }

  /** The title is the box's own, also where the library says the rest. */
  #head() {
    const field = input(this.#widget.title, (now) => { this.#widget.title = now; this.#tell(); }, { maxlength: '200', placeholder: 'Title' });
    return labelled('Title', field);
  }

  #about() {
    const own = (name) => (now) => this.#change((widget) => { widget[name] = now; });
    const every = number(this.#now.refresh_interval / 1000, (now) => { if (now >= 1) own('refresh_interval')(Math.round(now * 1000)); }, { class: 'input wf-short', min: 1 });
    return el('div', { class: 'wf-stack' },
      labelled('Description', area(this.#now.description, own('description'), { rows: 2 }), 'Said under “How is this counted?”.'),
      labelled('Asked anew every … seconds', every));
  }

  #question() {
    if (this.#isJson) return jsonPart({ ...this.#context, widget: this.#now, change: (fn) => this.#change(fn, 'picture', 'options', 'head', 'about') });
    const source = this.#now.source;
    const sources = radios('Source', source, this.#choices.sources.map((one) => [one.kind, one.label, one.icon]), (now) => this.#choose(now));
    return el('div', { class: 'wf-stack' }, sources, el('div', { class: 'wf-part', 'data-source': source }, (PARTS[source] ?? textPart)(this.#context)));
  }

  #choose(source) {
    const { source: before, query, config } = this.#now;
    this.#questions.set(before, { query, also: config.also, kind: config.kind });
    const kept = this.#questions.get(source) ?? { query: '', kind: source === 'text' ? 'text' : config.kind === 'text' ? 'line' : config.kind };
    this.#fits = null;
    this.#change((widget) => {
      Object.assign(widget, { source, query: kept.query });
      widget.config.kind = kept.kind;
      put(widget.config, 'also', kept.also);
    }, 'question', 'picture', 'options');
    this.#spots.question.querySelector(`input[value="${source}"]`)?.focus();
  }

  #picture() {
    const kinds = this.#choices.kinds.filter((one) => !one.is_structure);
    return picturePart({ kinds, chosen: this.#now.config.kind, fits: this.#fits }, (kind) => this.#change((widget) => { widget.config.kind = kind; }, 'options'));
  }

  /** Which pictures the answer can be is asked when the question is another, not with every option. */
  async #findFits() {
    const { source, query, config } = this.#now;
    const question = JSON.stringify([source, query, config.also, config.transformations]);
    if (question === this.#asked) return;
    this.#asked = question;
    this.#fits = await fitsOf(this.#choices, this.#now).catch(() => null);
    if (this.#spots.picture) this.#draw('picture');
  }

  #library() {
    const to = (next, ...told) => { this.#shared = null; this.#widget = next; this.#tell(); this.#build(); told.forEach((say) => say()); };
    return libraryPart({
      choices: this.#choices, widget: () => this.#now, entry: this.#entry, isShared: Boolean(this.#shared),
      link: (uid) => { const entry = this.#choices.library.entries.find((one) => one.uid === uid); to({ ...withDefinition(this.#widget, entry.definition, uid), title: this.#widget.title || entry.name }); },
      unlink: () => to(withDefinition(this.#widget, this.#entry?.definition ?? this.#widget, '')),
      share: () => { this.#shared = withDefinition(this.#widget, this.#entry.definition, ''); this.#build(); },
      drop: () => { this.#shared = null; this.#build(); },
      saved: (entry) => { Object.assign(this.#choices.library.entries.find((one) => one.uid === entry.uid) ?? {}, entry); to(withDefinition(this.#widget, entry.definition, entry.uid)); },
    });
  }
}

const missing = (given) => Object.fromEntries(Object.entries(structuredClone(FRESH)).filter(([name]) => given[name] == null));

/** The same text for equal widgets, in whatever order their fields stand. */
const canonical = (value) => JSON.stringify(value, (_, one) => (one && typeof one === 'object' && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one));

customElements.define('widget-form', WidgetForm);
