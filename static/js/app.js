/** What every page loads: htmx, the components, the shell's behavior. */

import htmx from 'htmx';
import 'portal/lib/popovers.js';
import { shortcut } from 'portal/lib/shortcuts.js';
import 'portal/components/chart.js';
import 'portal/components/command-palette.js';
import 'portal/components/copy-button.js';
import 'portal/components/data-table.js';
import 'portal/components/drawer.js';
import 'portal/components/live-state.js';
import 'portal/components/local-time.js';
import 'portal/components/menu-popover.js';
import 'portal/components/status-line.js';
import 'portal/components/tab-list.js';
import 'portal/components/time-range.js';
import 'portal/components/toast-region.js';
import { toast } from 'portal/lib/dom.js';
import { csrfToken } from 'portal/lib/http.js';
import { highlight } from 'portal/lib/sql.js';
import { chooseTheme } from 'portal/lib/theme.js';

// An error page must never land inside a page; 400, 409 and 422 carry forms with their errors.
htmx.config.noSwap = [204, 304, 401, 403, 404, 405, 429, '5xx'];

document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  ctx.request.headers['X-CSRFToken'] = csrfToken();
});

// The session has ended: the server answers 401 and where to sign in, which htmx follows. But a poll
// must not take the page away from somebody who writes into it.
document.addEventListener('htmx:before:response', (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (response.status !== 401 || !polls(sourceElement)) return;
  event.preventDefault();
  sourceElement.dispatchEvent(new CustomEvent('portal:signed-out', { bubbles: true }));
});

const polls = (source) => /\b(every|load)\b/.test(source?.getAttribute('hx-trigger') ?? '');

document.addEventListener('htmx:response:error', ({ detail: { ctx } }) => sayFailed(ctx, ctx.response.status));
document.addEventListener('htmx:error', ({ detail: { ctx } }) => sayFailed(ctx, 0));

// What polls keeps its last words and tries again by itself; only a person's own act is answered.
function sayFailed(ctx, status) {
  if (!ctx || polls(ctx.sourceElement) || [400, 409, 422].includes(status)) return;
  toast(status === 403 ? 'You may not do this. An admin can grant it.' : 'That did not work. Try again in a moment.', 'critical');
}

document.addEventListener('click', (event) => {
  const choice = event.target.closest?.('[data-theme-choice]')?.dataset.themeChoice;
  if (choice) chooseTheme(choice);
  const toggle = event.target.closest?.('[data-toggle-query]');
  if (toggle) toggleQuery(toggle.dataset.toggleQuery, toggle.dataset.value ?? '1');
});

// A link with data-key is a shortcut of its page: "e" edits.
for (const link of document.querySelectorAll('a[data-key]')) shortcut(link.dataset.key, link.textContent.trim(), () => link.click());

document.addEventListener('portal:theme', () => {
  const chosen = document.documentElement.dataset.theme ?? 'system';
  document.querySelectorAll('[data-theme-choice]').forEach((item) => item.setAttribute('aria-checked', String(item.dataset.themeChoice === chosen)));
});

function toggleQuery(name, value) {
  const url = new URL(location.href);
  if (url.searchParams.has(name)) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  location.assign(url);
}

const highlightAll = () => document.querySelectorAll('code[data-language="sql"]:not([data-highlighted])').forEach(highlight);
highlightAll();
document.addEventListener('htmx:after:swap', highlightAll);

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  document.querySelectorAll('.search-button kbd').forEach((key) => { key.textContent = '⌘ K'; });
}
