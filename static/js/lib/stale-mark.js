/** What a box says when its value is not of now: the value stays, marked with its age and the reason. */

import { el, icon } from 'portal/lib/dom.js';

// An equal value is repeated every 15 s, so that silence means that something is wrong.
const SILENCE_MS = 30_000;

/** Note that a box has a value; `stale` says since when and why it is an older one. */
export function noteValue(box, stale) {
  box.dataset.at = String(Date.now());
  if (stale) box.dataset.stale = stale.since;
  else delete box.dataset.stale;
  box.dataset.reason = stale?.reason ?? '';
  showAge(box, Date.now());
}

/** Since when a box's value is stale, in milliseconds; NaN while it is not. */
export function staleSince(box, now) {
  if (box.dataset.stale) return Date.parse(box.dataset.stale);
  const silent = now - Number(box.dataset.at ?? now) > SILENCE_MS + Number(box.dataset.every ?? 0);
  return silent ? Number(box.dataset.at) : NaN;
}

/** Say how old a box's value is, once it is stale. */
export function showAge(box, now) {
  const since = staleSince(box, now);
  box.classList.toggle('is-stale', !Number.isNaN(since));
  const mark = box.querySelector('.stale-mark');
  if (Number.isNaN(since)) {
    mark?.remove();
    return;
  }
  const shown = mark ?? box.querySelector('.card-tools')?.insertAdjacentElement('afterbegin', el('span', { class: 'stale-mark' }));
  if (!shown) return;
  shown.title = [`As of ${clockTime(since)}.`, box.dataset.reason].filter(Boolean).join(' ');
  const words = `${age(now - since)} old`;
  if (shown.dataset.words === words) return;
  shown.dataset.words = words;
  shown.replaceChildren(icon('clock', 'icon-s'), words);
}

const age = (ms) => (ms < 90_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`);

/** 10:42:07 on the reader's clock. */
export const clockTime = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
