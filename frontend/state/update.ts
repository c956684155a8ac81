/** How long a new worker may take to start. */
const patienceMs = 8000;

/** Reloads the page. The old worker would serve the old page: the new worker comes first. */
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
