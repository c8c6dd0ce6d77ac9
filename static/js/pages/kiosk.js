/** A dashboard without the shell around it: K, the button, or ?kiosk in the address; Esc leaves. */

import { shortcut } from 'portal/lib/shortcuts.js';

const root = document.documentElement;

function enter() {
  root.toggleAttribute('data-kiosk', true);
  remember(true);
  root.requestFullscreen?.().catch(() => {}); // a browser that refuses still shows it without the shell
}

function leave() {
  if (!root.hasAttribute('data-kiosk')) return;
  root.removeAttribute('data-kiosk');
  remember(false);
  if (document.fullscreenElement) document.exitFullscreen();
}

function remember(isKiosk) {
  const url = new URL(location.href);
  url.searchParams.delete('kiosk');
  const search = [url.searchParams.toString(), isKiosk ? 'kiosk' : ''].filter(Boolean).join('&');
  history.replaceState(history.state, '', `${url.pathname}${search && `?${search}`}${url.hash}`);
}

shortcut('K', 'Kiosk: the dashboard alone, full screen', () => (root.hasAttribute('data-kiosk') ? leave() : enter()));
shortcut('Escape', 'Leave the kiosk', leave);
// Esc in full screen is the browser's: it leaves that, and so do we.
document.addEventListener('fullscreenchange', () => { if (!document.fullscreenElement) leave(); });
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-kiosk-enter]')) enter();
  if (event.target.closest('[data-kiosk-leave]')) leave();
});
