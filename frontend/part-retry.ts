/** The delay before a part of the page that could not be loaded is requested again. */
export const partRetryMs = 4000;
