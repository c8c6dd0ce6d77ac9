/**
 * What stands behind a number, in the drawer: its people, or why it changed. A link with
 * data-people, a button of a form with data-why, or a chart's point opens it.
 */

import htmx from 'htmx';
import { el } from 'portal/lib/dom.js';

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-people]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href, link.title || link.getAttribute('aria-label') || 'People');
});

document.addEventListener('submit', (event) => {
  const form = event.target.closest?.('form[data-why]');
  if (!form) return;
  event.preventDefault();
  const query = new URLSearchParams(new FormData(form, event.submitter));
  show(`${form.action}?${query}`, event.submitter?.title || 'Why did it change?', true);
});

// A figure says per point what stands behind it: trace.meta.cells, {step: 2, outcome: "dropped"}.
document.addEventListener('chart:choose', (event) => {
  const place = event.target.closest('[data-people-url], [data-why-url]');
  if (!place || !event.detail.cell) return;
  const { title, ...cell } = event.detail.cell;
  const { peopleUrl, whyUrl } = place.dataset;
  const url = new URL(peopleUrl ?? whyUrl, location.href);
  for (const [name, value] of Object.entries(cell)) url.searchParams.set(name, String(value));
  show(url.href, title ?? 'People', !peopleUrl);
});

async function show(url, title, isWide = false) {
  const drawer = document.getElementById('behind');
  if (!(drawer instanceof HTMLDialogElement)) return location.assign(url);
  const body = drawer.querySelector('#behind-body');
  drawer.querySelector('#behind-title').textContent = title;
  drawer.classList.toggle('drawer-wide', isWide);
  body.replaceChildren(skeleton());
  if (!drawer.open) drawer.showModal();
  body.focus();
  return htmx.ajax('GET', url, { target: '#behind-body', swap: 'innerHTML' });
}

function skeleton() {
  const row = () => el('div', {}, el('span'), el('span'), el('span'));
  return el('div', { class: 'skeleton skeleton-table', role: 'status' }, el('span', { class: 'visually-hidden' }, 'Loading'), row(), row(), row(), row());
}
