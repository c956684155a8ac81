/** How long a new worker may take to be there. */
const patienceMs = 8000;

/** Loads the page anew. The worker would give the old one again: the new worker comes first. */
export async function reloadPage(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  if (registration && navigator.serviceWorker.controller) {
    const changed = new Promise<void>((resolve) => {
      navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
    });
    const late = new Promise<void>((resolve) => setTimeout(resolve, patienceMs));
    const updated = await registration.update().catch(() => undefined);
    if (updated?.installing || updated?.waiting) await Promise.race([changed, late]);
  }
  location.reload();
}
