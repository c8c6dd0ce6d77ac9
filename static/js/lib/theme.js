/** Light, dark or the system's: kept in a cookie, so that the server writes it into the page. */

const YEAR_S = 31_536_000;
const systemDark = matchMedia('(prefers-color-scheme: dark)');

/** @returns {'light'|'dark'} what is on the screen now */
export function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen || (systemDark.matches ? 'dark' : 'light');
}

/** @param {'light'|'dark'|'system'} choice */
export function chooseTheme(choice) {
  const root = document.documentElement;
  if (choice === 'system') delete root.dataset.theme;
  else root.dataset.theme = choice;
  const age = choice === 'system' ? 0 : YEAR_S;
  document.cookie = `theme=${choice}; path=/; max-age=${age}; samesite=lax`;
  announce();
}

function announce() {
  document.dispatchEvent(new CustomEvent('portal:theme', { detail: { theme: theme() } }));
}

systemDark.addEventListener('change', announce);
