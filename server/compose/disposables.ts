type Disposal = { name: string; dispose(): void | Promise<void> };

/** Disposes of parts in the reverse order of their addition. */
export class Disposables {
  readonly #disposals: Disposal[] = [];

  add(name: string, dispose: () => void | Promise<void>): void {
    this.#disposals.push({ name, dispose });
  }

  /** One that fails does not keep the others from being disposed of. Throws AggregateError when all are done. */
  async dispose(): Promise<void> {
    const errors: Error[] = [];
    for (const { name, dispose } of this.#disposals.splice(0).reverse()) {
      try {
        await dispose();
      } catch (error) {
        errors.push(new Error(`${name} could not be closed`, { cause: error }));
      }
    }
    if (errors.length) throw new AggregateError(errors, errors.map(({ message }) => message).join('; '));
  }
}
