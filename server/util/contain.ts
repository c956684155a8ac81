/**
 * Makes a handler whose fault, thrown or rejected, comes to `onFault`. Use it where a handler is registered
 * with an emitter or a timer: what it throws there would end the server, and leave what it was about half
 * done.
 */
export function contain<A extends unknown[]>(
  handler: (...args: A) => unknown,
  onFault: (error: unknown) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      const result = handler(...args);
      if (result instanceof Promise) result.catch(onFault);
    } catch (error) {
      onFault(error);
    }
  };
}
