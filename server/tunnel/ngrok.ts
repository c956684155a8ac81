import { TunnelError, type TunnelProvider } from './port.ts';

/** What ngrok says, by its error codes or words, and what to do about it. */
const known: readonly { pattern: RegExp; words: string; isFinal?: true }[] = [
  {
    pattern: /ERR_NGROK_(105|106|107|4018)\b|authtoken|authentication failed/i,
    words:
      'ngrok does not accept NGROK_AUTHTOKEN. Copy it again from ' +
      'https://dashboard.ngrok.com/get-started/your-authtoken.',
    isFinal: true,
  },
  {
    pattern: /ERR_NGROK_108\b|simultaneous/i,
    words: 'The ngrok account has its limit of tunnels open elsewhere. Close the other one.',
  },
  {
    pattern: /ERR_NGROK_334\b|already online/i,
    words: 'The ngrok address is in use by another tunnel. Close it, or set another NGROK_DOMAIN.',
  },
  {
    pattern: /ERR_NGROK_(72[0-9]|73[0-9])\b|limit/i,
    words: 'The ngrok account has reached a limit. See https://dashboard.ngrok.com/usage.',
  },
  {
    pattern: /ERR_NGROK_(303|309|314|319|320|326)\b|domain/i,
    words: 'NGROK_DOMAIN is not a domain of this ngrok account. Leave it empty, or reserve the domain first.',
    isFinal: true,
  },
  {
    pattern: /tcp connection|dns|timed? ?out|network|connect session/i,
    words: 'ngrok cannot be reached: this machine seems to be offline, or a firewall is in the way.',
  },
];

/** Tunnels by the official SDK of ngrok. */
export function createNgrok({ authtoken, domain }: { authtoken: string; domain: string }): TunnelProvider {
  return {
    kind: 'ngrok',
    async connect(address) {
      if (!authtoken) {
        throw new TunnelError(
          'NGROK_AUTHTOKEN is not set. Copy it from ' +
            'https://dashboard.ngrok.com/get-started/your-authtoken into .env.',
          {
            isFinal: true,
          },
        );
      }
      // Loaded only here: it is a native module of 10 MB that most servers never need.
      const ngrok = await import('@ngrok/ngrok').catch((error) => {
        throw new TunnelError(`The ngrok package does not load on this machine: ${error.message}`, {
          isFinal: true,
          cause: error,
        });
      });
      let onLost = (_reason: string) => {};
      const lost = new Promise<string>((resolve) => {
        onLost = resolve;
      });
      try {
        const listener = await ngrok.default.forward({
          addr: address,
          authtoken,
          ...(domain ? { domain } : {}),
          onStatusChange: (status) => {
            if (status === 'closed') onLost('ngrok closed it');
          },
        });
        const url = listener.url();
        if (!url) throw new Error('ngrok gave no address');
        return { url, lost, close: () => listener.close() };
      } catch (error) {
        throw inWords(error);
      }
    },
  };
}

function inWords(error: unknown): TunnelError {
  const { message = String(error), errorCode = '' } = error as { message?: string; errorCode?: string };
  const row = known.find(({ pattern }) => pattern.test(`${errorCode} ${message}`));
  const said = message.split('\n')[0]?.slice(0, 300);
  return new TunnelError(row ? `${row.words} (ngrok: ${said})` : `ngrok failed: ${said}`, {
    isFinal: row?.isFinal ?? false,
    cause: error,
  });
}
