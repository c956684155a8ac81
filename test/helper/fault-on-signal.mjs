/**
 * For `node --import` of a server: on SIGUSR2 a timer of the server throws, and one of its promises rejects.
 */
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('thrown by a timer');
  }, 1);
  void Promise.reject(new Error('rejected for nobody'));
});
