/** One heavy drawing per frame, in order of asking, so that many charts never block the page. */

const waiting = [];

/** Resolve when it is the caller's turn; in a hidden tab nobody's turn comes. */
export function turn() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) requestAnimationFrame(next);
  });
}

function next() {
  waiting.shift()();
  if (waiting.length) requestAnimationFrame(next);
}
