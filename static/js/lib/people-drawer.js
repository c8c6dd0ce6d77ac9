/** The people behind a number: a link with data-people, or a chart's point, opens the drawer. */

import htmx from 'htmx';
import { el } from 'portal/lib/dom.js';

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-people]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href, link.title || link.getAttribute('aria-label') || 'People');
});

// A figure says per point what stands behind it: trace.meta.cells, {step: 2, outcome: "dropped"}.
document.addEventListener('chart:choose', (event) => {
  const base = event.target.closest('[data-people-url]')?.dataset.peopleUrl;
  if (!base || !event.detail.cell) return;
  const { title, ...cell } = event.detail.cell;
  const url = new URL(base, location.href);
  for (const [name, value] of Object.entries(cell)) url.searchParams.set(name, String(value));
  show(url.href, title ?? 'People');
});

async function show(url, title) {
  const drawer = document.getElementById('behind');
  if (!(drawer instanceof HTMLDialogElement)) return location.assign(url);
  const body = drawer.querySelector('#behind-body');
  drawer.querySelector('#behind-title').textContent = title;
  body.replaceChildren(skeleton());
  if (!drawer.open) drawer.showModal();
  body.focus();
  return htmx.ajax('GET', url, { target: '#behind-body', swap: 'innerHTML' });
}

function skeleton() {
  const row = () => el('div', {}, el('span'), el('span'), el('span'));
  return el('div', { class: 'skeleton skeleton-table', role: 'status' }, el('span', { class: 'visually-hidden' }, 'Loading'), row(), row(), row(), row());
}
