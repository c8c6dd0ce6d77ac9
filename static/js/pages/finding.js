/** The list of dashboards by keyboard: arrows (or j and k) go through it, s stars, Enter opens. */

import { shortcut } from 'portal/lib/shortcuts.js';

const links = () => [...document.querySelectorAll('[data-found] th a')];
const here = () => links().indexOf(document.activeElement);

function go(step) {
  const all = links();
  const at = here();
  const to = at < 0 ? 0 : at + step;
  if (to < 0) document.querySelector('[data-finds]').focus();
  else all[Math.min(to, all.length - 1)]?.focus();
}

shortcut('j', 'Next dashboard', () => go(1));
shortcut('k', 'Dashboard before', () => go(-1));
shortcut('ArrowDown', 'Next dashboard', () => go(1));
shortcut('ArrowUp', 'Dashboard before', () => go(-1));
shortcut('s', 'Star the dashboard, or no longer', () => document.activeElement.closest('[data-found]')?.querySelector('.star button').click());

const words = document.querySelector('[data-finds]');

// Leaving the words must not ask again: what they found is there, and one is in it already.
words.addEventListener('change', (event) => event.stopPropagation());

// From the words straight into what they found.
words.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
  event.preventDefault();
  if (event.key === 'Enter') links()[0]?.click();
  else go(1);
});
