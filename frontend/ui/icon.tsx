/** Outlines in a box of 24 units. */
const paths = {
  list: 'M4 6h16M4 12h16M4 18h16',
  down: 'M6 9l6 6 6-6',
  back: 'M15 5l-7 7 7 7',
  plus: 'M12 5v14M5 12h14',
  send: 'M5 12l15-8-5 16-3-7-7-1z',
  stop: 'M7 7h10v10H7z',
  mic: 'M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v3',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 20h4',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 13l4 4L19 7',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l4 4',
  gear: 'M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2M16.2 16.2l2.2 2.2M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2',
  file: 'M7 3h7l5 5v13H7zM14 3v5h5',
  speak: 'M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 0 1 0 6',
  sliders: 'M4 7h10M18 7h2M14 5v4M4 17h2M10 17h10M6 15v4',
  text: 'M5 6h14M5 10h14M5 14h9',
  folder: 'M3 6h6l2 2h10v11H3z',
} as const;

export type IconName = keyof typeof paths;

/** An icon beside or instead of a text; the control that contains it has the accessible name. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
