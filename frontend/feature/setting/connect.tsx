import { useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { runReported } from '../../state/session.ts';
import { Copy } from '../../ui/copy.tsx';
import { useLoaded } from './load.ts';

/** Brings another device in: the address, and a link that signs it in once. */
export function Connect() {
  const [status] = useLoaded(() => call('status', {}));
  const [pairing, setPairing] = useState<Answer<'createPairing'> | null>(null);
  const t = settingMessages.value;
  const address = status?.tunnel.url;
  return (
    <section class="part">
      {address ? (
        <p>
          {t.tunnelAddress} <a href={address}>{address}</a> <Copy text={address} />
        </p>
      ) : (
        <p class="quiet-line">{t.noTunnel}</p>
      )}
      <button
        type="button"
        class="primary"
        onClick={() => void runReported(async () => setPairing(await call('createPairing', {})))}
      >
        {t.makePairing}
      </button>
      {pairing && (
        <div class="card pairing" role="status">
          <img src={`data:image/svg+xml,${encodeURIComponent(pairing.qr)}`} alt={t.qrCode} />
          <p class="link">
            <code>{pairing.url}</code> <Copy text={pairing.url} />
          </p>
          <p class="quiet-line">{t.pairingAbout}</p>
          {!pairing.is_tunnel && <p class="quiet-line">{t.pairingLocal}</p>}
        </div>
      )}
    </section>
  );
}
