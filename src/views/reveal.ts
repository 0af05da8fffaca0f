/** What must be seen of a thing, in pixels, for it to count as on the screen. */
const ENOUGH = 160;

/** Goes to what a touch or a click has changed where it is not on the screen; does nothing where it is. */
export function reveal(element: Element | null | undefined): void {
  const box = element?.getBoundingClientRect();
  if (!box || !element) return;
  const seen = Math.min(box.bottom, window.innerHeight) - Math.max(box.top, 0);
  if (seen >= Math.min(box.height, ENOUGH)) return;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({
    block: box.height > window.innerHeight / 2 ? 'start' : 'center',
    behavior: still ? 'auto' : 'smooth',
  });
}
