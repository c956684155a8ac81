/** Give it to a server with `node --import`: on SIGUSR2 a timer of the server throws, and a promise of it rejects. */
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('thrown by a timer');
  }, 1);
  void Promise.reject(new Error('rejected for nobody'));
});
