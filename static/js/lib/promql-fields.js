/**
 * Fields for PromQL: completion at the cursor, and where a text stops being PromQL. A field is a
 * textarea of class metrics-text inside an element with data-complete and data-check; its
 * aria-controls names the list of offers, its aria-describedby the line for its mistake.
 */

import { el } from 'portal/lib/dom.js';
import { requestJSON } from 'portal/lib/http.js';

const CHECK_AFTER_MS = 350;
const OFFER_AFTER_MS = 80; // a quick hand writes several letters meanwhile
const GOES_ON = { function: '(', aggregation: '(' };

/** @typedef {{text: string, kind: string, detail: string, help: string}} Offer */

const offers = { field: null, start: 0, items: [], place: 0, asked: 0, timer: 0 };
const list = () => document.getElementById(offers.field?.getAttribute('aria-controls') ?? '');
const addresses = (field) => field.closest('[data-complete]')?.dataset ?? {};
const isOpen = () => Boolean(list() && !list().hidden);

export async function offer(field) {
  if (!field.isConnected) return; // drawn anew meanwhile, by whoever keeps its text
  const number = ++offers.asked;
  const cursor = field.selectionStart;
  const query = new URLSearchParams({ query: field.value, cursor: String(cursor) });
  const found = await requestJSON(`${addresses(field).complete}?${query}`).catch(() => null);
  if (number !== offers.asked || !found || document.activeElement !== field) return;
  const typed = field.value.slice(found.start, cursor);
  const items = found.items.filter((item) => item.text !== typed);
  if (!items.length) return close();
  Object.assign(offers, { field, start: found.start, items, place: 0 });
  list().replaceChildren(...items.map(row));
  list().hidden = false;
  field.setAttribute('aria-expanded', 'true');
  locate(field);
  choose(0);
}

/** @param {Offer} item @param {number} index */
function row(item, index) {
  const detail = item.detail && item.detail !== item.text ? item.detail : item.kind;
  const made = el('li', { id: `offer-${index}`, role: 'option', 'data-index': String(index) },
    el('span', { class: 'mono truncate' }, item.text), el('span', { class: 'faint small truncate' }, detail));
  if (item.help) made.append(el('span', { class: 'metrics-offer-help soft small' }, item.help));
  return made;
}

/** Put the list below the line that the cursor is in. */
function locate(field) {
  const box = field.getBoundingClientRect();
  const around = list().offsetParent?.getBoundingClientRect() ?? { left: 0, top: 0 };
  const lines = field.value.slice(0, field.selectionStart).split('\n').length;
  const below = Math.min(box.bottom, box.top + 8 + lines * 22 - field.scrollTop);
  list().style.left = `${box.left - around.left}px`;
  list().style.top = `${below - around.top + 2}px`;
}

function choose(place) {
  offers.place = (place + offers.items.length) % offers.items.length;
  [...list().children].forEach((item, index) => item.setAttribute('aria-selected', String(index === offers.place)));
  list().children[offers.place].scrollIntoView({ block: 'nearest' });
  offers.field.setAttribute('aria-activedescendant', `offer-${offers.place}`);
}

export function close() {
  clearTimeout(offers.timer);
  offers.asked += 1;
  if (!isOpen()) return;
  list().hidden = true;
  offers.field?.setAttribute('aria-expanded', 'false');
  offers.field?.removeAttribute('aria-activedescendant');
}

function take() {
  const { field, start, items, place } = offers;
  const item = items[place];
  const following = field.value[field.selectionStart] ?? '';
  const more = item.kind === 'value' ? field.value[start - 1] : GOES_ON[item.kind] ?? ''; // a value's quote
  field.setRangeText(item.text + (following === more ? '' : more), start, field.selectionStart, 'end');
  close();
  changed(field);
  if (item.kind === 'label' && /[{,]\s*$/.test(field.value.slice(0, start))) write(field, '="');
}

export function write(field, text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
  changed(field);
  offer(field);
}

const waiting = new WeakMap();

/** Look at what was written, a moment after the last key; tell who keeps it (promql:written). */
export function changed(field) {
  field.dispatchEvent(new Event('promql:written', { bubbles: true }));
  clearTimeout(waiting.get(field));
  waiting.set(field, setTimeout(() => check(field), CHECK_AFTER_MS));
}

async function check(field) {
  if (!field.isConnected) return;
  const text = field.value;
  const found = text.trim() ? await requestJSON(`${addresses(field).check}?${new URLSearchParams({ query: text })}`).catch(() => null) : { message: '' };
  if (!found || field.value !== text || !field.isConnected) return;
  say(field, found.message, found.position);
}

function say(field, message, position) {
  field.setAttribute('aria-invalid', String(Boolean(message)));
  const line = document.getElementById(field.getAttribute('aria-describedby'));
  line.replaceChildren();
  if (!message) return;
  if (position === null || position === undefined) return line.append(message);
  const before = field.value.slice(0, position).split('\n');
  const where = el('button', { type: 'button', class: 'link-button', 'data-place': String(position), 'data-field': field.id },
    `line ${before.length}, column ${before.at(-1).length + 1}`);
  line.append(`${message} (`, where, ')');
}

function show(place, id) {
  const field = document.getElementById(id);
  if (!field) return;
  field.focus();
  field.setSelectionRange(place, Math.min(place + 1, field.value.length));
}

document.addEventListener('input', (event) => {
  if (!event.target.matches?.('.metrics-text')) return;
  changed(event.target);
  clearTimeout(offers.timer);
  offers.timer = setTimeout(() => offer(event.target), OFFER_AFTER_MS);
});

document.addEventListener('focusout', (event) => {
  if (event.target === offers.field) setTimeout(close, 150);
});

document.addEventListener('keydown', (event) => {
  const field = event.target;
  if (!field.matches?.('.metrics-text')) return;
  if (event.key === ' ' && event.ctrlKey) {
    event.preventDefault();
    return void offer(field);
  }
  if (!isOpen() || event.ctrlKey || event.metaKey) return;
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in moves) choose(offers.place + moves[event.key]);
  else if (event.key === 'Enter' || event.key === 'Tab') take();
  else if (event.key === 'Escape') close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener('mousedown', (event) => {
  const item = event.target.closest?.('.metrics-offers li');
  if (!item || !offers.field) return;
  event.preventDefault();
  choose(Number(item.dataset.index));
  take();
});

document.addEventListener('click', (event) => {
  const place = event.target.closest?.('button[data-place]');
  if (place) show(Number(place.dataset.place), place.dataset.field);
});
