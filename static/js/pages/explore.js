/** The Explore pages: zooming into the chart narrows the range; the keyboard goes on where one works. */

import 'portal/components/filter-form.js';
import 'portal/components/pick-field.js';
import 'portal/lib/people-drawer.js';
import { instantOf, withRange } from 'portal/lib/time-range.js';

document.addEventListener('chart:zoom', (event) => {
  const { from, to } = event.detail;
  if (!from || !to) return;
  event.preventDefault();
  const tz = new URLSearchParams(location.search).get('tz') ?? document.documentElement.dataset.zone ?? 'UTC';
  const [start, end] = [from, to].map((wall) => instantOf(String(wall).slice(0, 16).replace(' ', 'T'), tz));
  if (start < end) location.assign(withRange({ from: start, to: end, tz }));
});

// What stands elsewhere after an answer says where the keyboard goes on: data-focus="first-id or-this".
let wanted = [];

document.addEventListener('click', (event) => {
  wanted = event.target.closest('[data-focus]')?.dataset.focus.split(' ') ?? [];
});

document.addEventListener('htmx:after:swap', () => {
  // Other parts of the page swap, too: wait for the one that brings it.
  const next = wanted.map((id) => document.getElementById(id)).find(Boolean);
  if (!next) return;
  wanted = [];
  next.focus();
  if (next instanceof HTMLInputElement) next.select();
});

// An answer may arrive while somebody types into the next field: what they typed goes on in the new one.
let typing = null;

document.addEventListener('htmx:before:swap', () => {
  const field = document.activeElement;
  const isTyped = field instanceof HTMLInputElement && field.id && field.closest('#builder') && field.value !== field.defaultValue;
  typing = isTyped && ['text', 'number'].includes(field.type) ? { id: field.id, value: field.value } : null;
});

document.addEventListener('htmx:after:swap', () => {
  const field = typing && document.getElementById(typing.id);
  if (!field || field.value === typing.value) return;
  field.value = typing.value;
  typing = null;
  field.focus();
  // Nobody has edited this field yet, as the browser sees it: leaving it would change nothing.
  field.addEventListener('blur', () => field.dispatchEvent(new Event('change', { bubbles: true })), { once: true });
});
