/** Which boxes of a board are on the screen, or nearly: only these are evaluated and drawn. */

const AHEAD = '300px'; // what scrolling brings next is ready when it comes
const SETTLE_MS = 120;

/**
 * Say which boxes are in view, now and whenever it changes; none while the tab is hidden.
 * @param {HTMLElement} board boxes are its `[data-widget]`, also those that are swapped in later
 * @param {(keys: string[]) => void} onChange
 * @returns {() => void} stops watching
 */
export function watchView(board, onChange) {
  const visible = new Set();
  let said = null;
  let timer = 0;
  const say = () => {
    const keys = document.hidden ? [] : [...visible].filter((box) => board.contains(box)).map((box) => box.dataset.widget).sort();
    if (said === keys.join()) return;
    said = keys.join();
    onChange(keys);
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(say, SETTLE_MS);
  };
  const seen = new IntersectionObserver((entries) => {
    entries.forEach((entry) => visible[entry.isIntersecting ? 'add' : 'delete'](entry.target));
    if (said === null) say();
    else soon();
  }, { rootMargin: AHEAD });
  const watch = () => board.querySelectorAll('[data-widget]').forEach((box) => seen.observe(box));
  const swapped = new MutationObserver(() => {
    visible.forEach((box) => { if (!board.contains(box)) visible.delete(box); });
    watch();
  });
  watch();
  swapped.observe(board, { childList: true });
  document.addEventListener('visibilitychange', soon);
  return () => {
    seen.disconnect();
    swapped.disconnect();
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', soon);
  };
}
