/**
 * <time-range default="-7d">: writes from, to and tz into the page's address.
 * Emits range:change {from, to, tz} (cancelable): a page that updates in place prevents the reload.
 */

import { el, icon } from 'portal/lib/dom.js';
import { place } from 'portal/lib/popovers.js';
import { shortcut } from 'portal/lib/shortcuts.js';
import { instantOf, PRESETS, rangeLabel, readRange, wallClock, withRange } from 'portal/lib/time-range.js';

let made = 0;

class TimeRange extends HTMLElement {
  #button;
  #panel;

  connectedCallback() {
    if (this.#button) return;
    this.#build();
    this.refresh();
    shortcut('r', 'Choose the time range', () => this.#button.click(), 'This page');
    addEventListener('popstate', () => this.refresh());
  }

  get value() { return readRange(this.getAttribute('default') ?? '-7d'); }

  #build() {
    made += 1;
    const id = `time-range-${made}`;
    this.#panel = el('div', { class: 'popover range-panel', id, popover: 'auto', role: 'dialog', 'aria-label': 'Time range' });
    this.#button = el('button', { type: 'button', class: 'button', popovertarget: id, 'aria-haspopup': 'dialog', title: 'Time range (r)' });
    this.#panel.addEventListener('beforetoggle', (event) => { if (event.newState === 'open') this.#fill(); });
    this.#panel.addEventListener('toggle', (event) => { if (event.newState === 'open') place(this.#panel, this.#button); });
    this.append(this.#button, this.#panel);
  }

  /** Write the label anew from the page's address. */
  refresh() {
    this.#button.replaceChildren(icon('calendar'), el('span', {}, rangeLabel(this.value)), icon('chevron-down', 'icon-s'));
  }

  #fill() {
    const { from, to, tz } = this.value;
    const presets = PRESETS.map(([value, label]) => el('button', { type: 'button', class: 'menu-item', role: 'radio', 'aria-checked': String(value === from && !to), onclick: () => this.#choose({ from: value, to: '', tz: this.#keptZone() }) }, label, icon('check', 'check-mark icon-s')));
    const list = el('div', { class: 'range-presets', role: 'radiogroup', 'aria-label': 'Relative', onkeydown: arrows }, ...presets);
    (presets.find((preset) => preset.ariaChecked === 'true') ?? presets[0]).autofocus = true;
    this.#panel.replaceChildren(list, this.#form(from, to, tz));
  }

  #form(from, to, tz) {
    const now = new Date();
    const start = absolute(from, now);
    const field = (name, label, at) => el('div', { class: 'field' }, el('label', { for: `range-${name}` }, label), el('input', { id: `range-${name}`, name, class: 'input', type: 'datetime-local', required: true, value: wallClock(at, tz) }));
    const zones = [...new Set([tz, document.documentElement.dataset.zone, Intl.DateTimeFormat().resolvedOptions().timeZone, 'UTC'].filter(Boolean))];
    const zone = el('select', { id: 'range-tz', name: 'tz', class: 'select' }, ...zones.map((name) => el('option', { value: name, selected: name === tz }, name)));
    const problem = el('div', { class: 'field-error', role: 'alert', hidden: true });
    return el('form', { class: 'range-form', onsubmit: (event) => this.#submit(event, problem) },
      field('from', 'From', start), field('to', 'Until', to ? new Date(to) : now),
      el('div', { class: 'field' }, el('label', { for: 'range-tz' }, 'Time zone'), zone),
      problem, el('button', { class: 'button button-primary' }, 'Apply'));
  }

  #submit(event, problem) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    if (fields.from >= fields.to) {
      problem.textContent = 'The end must be later than the start.';
      problem.hidden = false;
      return;
    }
    this.#choose({ from: instantOf(fields.from, fields.tz), to: instantOf(fields.to, fields.tz), tz: fields.tz });
  }

  #keptZone() { return new URLSearchParams(location.search).get('tz') ?? ''; }

  #choose(range) {
    this.#panel.hidePopover();
    const url = withRange(range);
    const goesOn = this.dispatchEvent(new CustomEvent('range:change', { bubbles: true, cancelable: true, detail: range }));
    if (goesOn) {
      location.assign(url);
      return;
    }
    history.pushState(null, '', url);
    this.refresh();
  }
}

const HOURS = { m: 1 / 60, h: 1, d: 24, w: 168, mo: 730 };

function absolute(from, now) {
  const [, number, unit] = /^-(\d+)(m|h|d|w|mo)$/.exec(from) ?? [];
  if (number) return new Date(now - number * HOURS[unit] * 3_600_000);
  const at = new Date(from);
  return Number.isNaN(at.getTime()) ? new Date(now - 365 * 86_400_000) : at;
}

function arrows(event) {
  const items = [...event.currentTarget.querySelectorAll('button')];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
}

customElements.define('time-range', TimeRange);
