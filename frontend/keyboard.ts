/** Keeps the box over the keyboard where the browser lays the keyboard over the page (iOS). */
export function fitToKeyboard(): void {
  const view = window.visualViewport;
  if (!view) return;
  const fit = () => {
    const isCovered = innerHeight - view.height > 80;
    if (isCovered) document.documentElement.style.setProperty('--visible', `${view.height}px`);
    else document.documentElement.style.removeProperty('--visible');
    // It scrolls the page up to show the field, which is in sight already.
    if (isCovered) scrollTo(0, 0);
  };
  view.addEventListener('resize', fit);
}
