/**
 * How a dashboard is looked at, as its page's address says it: the range, what is chosen of variables
 * (var-x, repeated for several), refresh, compare, marks, and as_of, a moment that is kept.
 * dashboards/looking.py reads the same.
 */

export const ALL = '$__all';
const PLAIN = ['from', 'to', 'tz', 'as_of', 'refresh', 'compare', 'marks'];
const PREFIX = 'var-';

/** The message for the socket; what the address does not say is left out. */
export function readLook(search = location.search) {
  const query = new URLSearchParams(search);
  const look = Object.fromEntries(PLAIN.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
  const variables = {};
  for (const name of new Set(query.keys())) if (name.startsWith(PREFIX)) variables[name.slice(PREFIX.length)] = query.getAll(name);
  return Object.keys(variables).length ? { ...look, variables } : look;
}

/** The address with other values of a variable. */
export function withVariable(name, values, address = location.href) {
  const url = new URL(address);
  url.searchParams.delete(`${PREFIX}${name}`);
  for (const value of values) url.searchParams.append(`${PREFIX}${name}`, value);
  return url;
}

/** The address with parameters set, or without those that are empty. */
export function withParameters(changes, address = location.href) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
}

/**
 * Look at the page in another way: in place where the board can (it takes `look:change`), else by
 * loading it. The back button leads back.
 * @param {URL} url
 */
export function lookAt(url) {
  if (url.href === location.href) return;
  const isTaken = !document.dispatchEvent(new CustomEvent('look:change', { cancelable: true, detail: { url } }));
  if (!isTaken) {
    location.assign(url);
    return;
  }
  history.pushState(null, '', url);
  document.dispatchEvent(new CustomEvent('look:changed'));
}

/**
 * The address under which the same picture is seen tomorrow.
 * @param {{from: string, to: string, as_of: string, time_zone: string, variables: {name: string, value: string|string[]}[]}} shown as the server says it
 */
export function atThisMoment(shown, address = location.href) {
  let url = withParameters({ from: shown.from, to: shown.to, as_of: shown.as_of, tz: shown.time_zone, refresh: '' }, address);
  for (const { name, value } of shown.variables) url = withVariable(name, [value].flat(), url.href);
  return url;
}
