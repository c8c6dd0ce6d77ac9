/** Place native popovers at the button that opened them, and keep them on the screen. */

const GAP = 6;
const EDGE = 8;

document.addEventListener('toggle', (event) => {
  if (event.newState !== 'open' || !(event.target instanceof HTMLElement) || !event.target.matches('.popover')) return;
  const opener = event.source ?? document.querySelector(`[popovertarget="${CSS.escape(event.target.id)}"]`);
  if (opener) place(event.target, opener);
}, true);

/** Put `popover` below `opener`, flipped above where there is more room. */
export function place(popover, opener) {
  const at = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const isRight = at.left + at.width / 2 > innerWidth / 2;
  const left = isRight ? at.right - width : at.left;
  const below = at.bottom + GAP;
  const top = below + height + EDGE > innerHeight && at.top - GAP - height > EDGE ? at.top - GAP - height : below;
  popover.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  popover.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - Math.min(height, innerHeight - 2 * EDGE) - EDGE))}px`;
}
