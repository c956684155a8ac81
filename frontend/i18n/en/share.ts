/** Texts of the screen for what another app shares. */
export const share = {
  nothingShared: 'Nothing was shared.',
  shareFromPage: 'Another web page tried to share something here. Nothing was accepted.',
  shareOffline:
    'Nothing was accepted: without a connection Switchboard cannot check where it came from. Share it again later.',
  sharedByApp: 'Shared by another app on this device.',
  sharedByUs: 'Shared by this page.',
  shareWhere: 'Share with which conversation?',
};
